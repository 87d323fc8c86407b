import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { EngineSession, SessionOptions } from '../../src/engines/engine.js';
import { engine as onnxruntime } from '../../src/engines/onnxruntime.js';
import { describeOpenvino, engine } from '../../src/engines/openvino.js';
import { OpenvinoApi } from '../../src/engines/openvino/c-api.js';
import { deviceLabel, openvinoAttempts } from '../../src/engines/openvino/devices.js';
import { libraryFile, libraryPlaces } from '../../src/engines/openvino/library-places.js';
import { fullFormat, shorterFormat, shortIsGood } from '../../src/engines/openvino/precision.js';
import { pictureLikeness } from '../../src/engines/picture-difference.js';
import { samplesOf } from '../../src/engines/pixels.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { presetsFolder } from '../../src/paths.js';
import { FrameSlots, viewSlot } from '../../src/workers/frame-slots.js';
import { makePhotograph, photographFrame } from '../fixtures/photograph.js';
import { fixtureModel, type FixtureModel } from '../fixtures/onnx-models.js';
import { difference, noisyFrame } from '../fixtures/pictures.js';
import { presetSession, shippedPresets } from '../fixtures/presets.js';

const geometry: FrameGeometry = { width: 24, height: 16, format: 'rgb8' };
const open: EngineSession[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

async function openOn(which: typeof engine, options: Partial<SessionOptions>): Promise<EngineSession> {
  const session = await which.open({ model: fixtureModel({}), geometry, threads: 1, ...options });
  open.push(session);
  return session;
}

async function run(session: EngineSession, input: Uint8Array): Promise<Uint8Array> {
  const output = new Uint8Array(new SharedArrayBuffer(frameBytes(session.outputGeometry)));
  await session.run(input, output);
  return output;
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  return copy;
}

describe('the OpenVINO engine', () => {
  const blend = [0, 0.5, 0, 0.5, 0, 0, 0, 0, 0];

  it.each(shippedPresets.flatMap((preset) => [[preset, 'rgb8'] as const, [preset, 'rgb16'] as const]))(
    'draws what ONNX Runtime draws with %s on frames of %s in shared memory',
    async (preset, format) => {
      const frame: FrameGeometry = { width: 121, height: 67, format };
      const input = shared(photographFrame(frame));
      const options = { ...presetSession(preset), geometry: frame, precision: 'f32' as const };
      const ours = samplesOf(await run(await openOn(engine, options), input), format);
      const reference = samplesOf(await run(await openOn(onnxruntime, options), input), format);
      expect(pictureLikeness(ours, reference)).toBeGreaterThan(55);
    },
  );

  it.each(['rgb8', 'rgb16'] as const)(
    'reads and writes frames of %s where they lie: OpenVINO gets the slot’s own memory',
    async (format) => {
      const frame: FrameGeometry = { width: 64, height: 48, format };
      const session = await openOn(engine, { ...presetSession('upscale-x2.onnx'), geometry: frame });
      const { outputGeometry } = session;
      const { memory } = new FrameSlots({ count: 2, inputGeometry: frame, outputGeometry });
      const { input, output } = viewSlot(memory, 1);
      const wrap = jest.spyOn(OpenvinoApi.prototype, 'wrap');
      await session.run(input, output);
      const places = wrap.mock.calls.map(([, , { buffer, byteOffset, byteLength }]) => ({
        memory: [memory.inputs, memory.outputs].indexOf(buffer as SharedArrayBuffer),
        byteOffset,
        byteLength,
      }));
      wrap.mockRestore();
      const [bytes, resultBytes] = [frameBytes(frame), frameBytes(outputGeometry)];
      expect(places).toEqual([
        { memory: 0, byteOffset: bytes, byteLength: bytes },
        { memory: 1, byteOffset: resultBytes, byteLength: resultBytes },
      ]);
    },
  );

  it('takes another blend for the next frame', async () => {
    const model = join(presetsFolder, 'fast.onnx');
    const input = makePhotograph(64, 48);
    const frame: FrameGeometry = { width: 64, height: 48, format: 'rgb8' };
    const session = await openOn(engine, { model, geometry: frame, style: blend });
    const before = await run(session, input);
    session.setStyle([0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const after = await run(session, input);
    expect(pictureLikeness(before, after)).toBeLessThan(30);
    session.setStyle(blend);
    expect(difference(await run(session, input), before)).toBeUndefined();
  });

  it.each<[string, FixtureModel]>([
    ['float NCHW 0..1', {}],
    ['float NHWC 0..255', { layout: 'nhwc', white: 255 }],
    ['uint8 NHWC', { type: 'uint8', layout: 'nhwc', white: 255 }],
    ['float of unnamed size', { size: ['', ''] }],
    ['float of fixed size', { size: [64, 64] }],
  ])('finds out how to feed a network of %s', async (_, model) => {
    const input = noisyFrame(geometry);
    const session = await openOn(engine, { model: fixtureModel(model) });
    expect(
      difference(
        await run(session, input),
        input.map((sample) => 255 - sample),
      ),
    ).toBeUndefined();
  });

  it('calculates in float32 where there is no bfloat16, and says so where it was wished for', async () => {
    const session = await openOn(engine, { precision: 'bf16' });
    // On a processor that has it, the wish comes true instead.
    if (session.description.endsWith('bf16')) expect(session.notices).toEqual([]);
    else {
      expect(session.description).toBe('openvino cpu, 1 thread, f32');
      expect(session.notices).toEqual(['The device cpu has no bfloat16; it calculates in float32.']);
    }
  });

  it('takes short floats on its own where there are any, for styles as for enlarging, but not for frames of 16 bits', async () => {
    const fast = { model: join(presetsFolder, 'fast.onnx'), style: blend };
    const upscale = { model: join(presetsFolder, 'upscale-x4.onnx') };
    const wished = await openOn(engine, { ...fast, precision: 'bf16' });
    for (const options of [fast, upscale]) {
      expect((await openOn(engine, options)).description).toBe(wished.description);
    }
    const deep: FrameGeometry = { ...geometry, format: 'rgb16' };
    expect((await openOn(engine, { ...fast, geometry: deep })).description).toMatch(/f32$/);
  });

  it('falls back to the CPU where a device is missing, and says so', async () => {
    const session = await openOn(engine, { device: 'gpu:7' });
    expect(session.description).toMatch(/^openvino cpu/);
    expect(session.notices?.[0]).toMatch(/^The device gpu:7 cannot be used \(.+\); trying cpu\.$/);
  });

  it('refuses a device and a model that it cannot use in one sentence', async () => {
    await expect(openOn(engine, { device: 'cuda' })).rejects.toMatchObject({
      code: 'usage',
      message: 'There is no device "cuda"; OpenVINO knows cpu, gpu, npu.',
    });
    await expect(
      openOn(engine, { model: Uint8Array.from({ length: 300 }, (_, i) => i) }),
    ).rejects.toMatchObject({
      code: 'model',
    });
  });
});

describe('OpenVINO’s library', () => {
  it('tells its release and devices', async () => {
    const { release, file, devices } = await describeOpenvino();
    expect(devices[0]).toBe('cpu');
    expect(release).toMatch(/^20\d\d\.\d+/);
    expect(file).toMatch(/openvino_c/);
  });

  it('is looked for where the user says first, and then nowhere else', async () => {
    const env = { VIDSTYLE_OPENVINO: '/from/variable', VIDSTYLE_CACHE: '/cache' };
    const origins = libraryPlaces('/from/option', env).map(({ origin }) => origin);
    expect(origins).toEqual([
      'the option',
      'the cache folder',
      'openvino-node',
      'the Python environment',
      'the system',
    ]);
    const [named, cache] = libraryPlaces(undefined, env);
    expect(await named?.paths()).toEqual(['/from/variable']);
    expect(await cache?.paths()).toEqual([join('/cache', 'openvino')]);
    await expect(openOn(engine, { library: '/nowhere' })).rejects.toMatchObject({
      code: 'setup',
      message: 'OpenVINO’s library is not in "/nowhere", which the option names.',
    });
  });

  it.each(['the cache folder', 'openvino-node', 'the Python environment', 'the system'])(
    'is found in %s',
    async (origin) => {
      const root = await mkdtemp(join(tmpdir(), 'vidstyle-openvino-'));
      const places = {
        'the cache folder': 'openvino',
        'openvino-node': 'openvino-node/bin',
        'the Python environment': 'site-packages/openvino/libs',
        'the system': 'lib',
      };
      const folder = join(root, places[origin as keyof typeof places]);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'libopenvino_c.so.2641'), '');
      await mkdir(join(root, 'openvino-node'), { recursive: true });
      await writeFile(join(root, 'openvino-node', 'package.json'), '{}');
      const python = `#!/bin/sh\necho '${join(root, 'site-packages', 'openvino')}'\n`;
      await writeFile(join(root, 'python3'), python, { mode: 0o755 });
      const env = { VIDSTYLE_CACHE: root, NODE_PATH: root, PATH: root, LD_LIBRARY_PATH: join(root, 'lib') };
      expect(await foundWith(env)).toBe(join(folder, 'libopenvino_c.so.2641'));
    },
  );

  it('is the newest of those in a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-openvino-'));
    const names = ['libopenvino_c.so.2541', 'libopenvino_c.so.2641', 'libopenvino.so.2641', 'readme.txt'];
    await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
    expect(await libraryFile(folder)).toBe(join(folder, 'libopenvino_c.so.2641'));
  });

  it('is refused in a sentence where its release is too old', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-openvino-'));
    const library = join(folder, 'libopenvino_c.so.2330');
    buildStub(library, '2023.3.0-13775-ceeafaf64f3');
    await expect(openOn(engine, { library: folder })).rejects.toMatchObject({
      code: 'setup',
      message: `OpenVINO 2023.3.0 in "${library}" cannot be used: vidstyle needs 2024.0 or newer.`,
    });
  });

  it('that is no library, or another one, is refused in a sentence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-openvino-'));
    const broken = join(folder, 'libopenvino_c.so.2641');
    await writeFile(broken, 'no library');
    await expect(openOn(engine, { library: folder })).rejects.toMatchObject({
      code: 'setup',
      message: expect.stringMatching(/^".+libopenvino_c\.so\.2641" cannot be loaded as OpenVINO: .+\.$/),
    });
    // The C++ library beside it lacks the C functions, as one of another generation would.
    const { file } = await describeOpenvino();
    const other = file.replace('openvino_c', 'openvino');
    await expect(openOn(engine, { library: other })).rejects.toMatchObject({
      code: 'setup',
      message: `"${other}" cannot be loaded as OpenVINO: it is no library of OpenVINO 2024.0 or newer.`,
    });
  });
});

/** What `findOpenvino` finds in a process of this environment. */
async function foundWith(env: NodeJS.ProcessEnv): Promise<string> {
  const { href } = new URL('../../src/engines/openvino/library-places.js', import.meta.url);
  const program = `import('${href}').then(async (places) => console.log(await places.findOpenvino()))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { env });
  return stdout.trim();
}

/** A library that says to be OpenVINO of this version, and can nothing else. */
function buildStub(file: string, version: string): void {
  const input = `
    struct Version { const char *build, *description; };
    extern "C" int ov_get_openvino_version(Version *version) { version->build = "${version}"; return 0; }`;
  execFileSync('g++', ['-shared', '-fPIC', '-x', 'c++', '-o', file, '-'], { input });
}

describe('OpenVINO’s devices and formats', () => {
  it('go by the names that users say, the CPU last', () => {
    expect(openvinoAttempts()).toEqual(['CPU']);
    expect(openvinoAttempts('gpu')).toEqual(['GPU', 'CPU']);
    expect(openvinoAttempts('gpu:1')).toEqual(['GPU.1', 'CPU']);
    expect(openvinoAttempts('npu')).toEqual(['NPU', 'CPU']);
    expect(deviceLabel('GPU.1')).toBe('gpu:1');
    expect(() => openvinoAttempts('gpu:one')).toThrow('There is no device "gpu:one"');
  });

  it('are what the device says it has', () => {
    expect(shorterFormat('CPU', ['FP32', 'BF16', 'INT8'])).toBe('bf16');
    expect(shorterFormat('CPU', ['FP32', 'FP16'])).toBeUndefined();
    expect(shorterFormat('GPU.0', ['FP32', 'FP16'])).toBe('f16');
    expect(fullFormat(['FP32'])).toBe('f32');
    expect(fullFormat(['FP16'])).toBeUndefined();
  });

  it('are short only where the test card looks the same, to 40 decibels', async () => {
    const full = new Uint8Array(3000).fill(100);
    const off = (levels: number) => async (precision: string) =>
      Promise.resolve(precision === 'f32' ? full : full.map((sample) => sample + levels));
    expect(await shortIsGood(off(2))).toBe(true); // 42.1 dB
    expect(await shortIsGood(off(3))).toBe(false); // 38.6 dB
  });
});
