import { afterEach, describe, expect, it } from '@jest/globals';
import type { EngineSession, SessionOptions } from '../../src/engines/engine.js';
import { openImageSession } from '../../src/engines/image-session.js';
import { backend, describeOnnxRuntime, engine, runOnce } from '../../src/engines/onnxruntime.js';
import { elementCount, type TensorBackend, type TensorRequest } from '../../src/engines/tensor.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { fixtureModel, type FixtureModel } from '../fixtures/onnx-models.js';
import { ownModel } from '../fixtures/own-model.js';
import { difference, noisyFrame } from '../fixtures/pictures.js';

const geometry: FrameGeometry = { width: 24, height: 16, format: 'rgb8' };
const open: EngineSession[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

async function openFixture(
  model: FixtureModel,
  options: Partial<SessionOptions> = {},
): Promise<EngineSession> {
  const session = await engine.open({ model: fixtureModel(model), geometry, threads: 1, ...options });
  open.push(session);
  return session;
}

async function run(session: EngineSession, input: Uint8Array): Promise<Uint8Array> {
  const output = new Uint8Array(frameBytes(session.outputGeometry));
  await session.run(input, output);
  return output;
}

describe('the ONNX Runtime engine', () => {
  const input = noisyFrame(geometry);
  const inverted = input.map((sample) => 255 - sample);

  it.each<[string, FixtureModel]>([
    ['float NCHW 0..1', {}],
    ['float NCHW 0..255', { white: 255 }],
    ['float NCHW -1..1', { signed: true }],
    ['float NHWC 0..1', { layout: 'nhwc' }],
    ['float NHWC 0..255', { layout: 'nhwc', white: 255 }],
    ['uint8 NCHW', { type: 'uint8', white: 255 }],
    ['uint8 NHWC', { type: 'uint8', layout: 'nhwc', white: 255 }],
    ['float of unnamed size', { size: ['', ''] }],
    ['float of the frame’s fixed size', { size: [16, 24] }],
  ])('finds out how to feed a network of %s', async (_, model) => {
    const session = await openFixture(model);
    expect(difference(await run(session, input), inverted)).toBeUndefined();
    expect(session.description).toMatch(/^onnxruntime cpu, 1 thread/);
  });

  it('finds out how to feed a network of half precision, which rounds to 11 bits', async () => {
    const output = await run(await openFixture({ type: 'float16' }), input);
    expect(Math.max(...output.map((sample, i) => Math.abs(sample - (inverted[i] ?? 0))))).toBeLessThanOrEqual(
      1,
    );
  });

  it('leaves no copies of results to the garbage collector', async () => {
    const large: FrameGeometry = { width: 640, height: 480, format: 'rgb8' };
    const session = await openFixture({ type: 'uint8', layout: 'nhwc', white: 255 }, { geometry: large });
    const [from, to] = [noisyFrame(large), new Uint8Array(frameBytes(large))];
    await session.run(from, to);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 10; i++) await session.run(from, to);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * frameBytes(large));
  });

  it('takes and gives 16-bit frames without losing precision', async () => {
    const deep: FrameGeometry = { ...geometry, format: 'rgb16' };
    const frame = noisyFrame(deep);
    const output = await run(await openFixture({}, { geometry: deep }), frame);
    const [before, after] = [new Uint16Array(frame.buffer), new Uint16Array(output.buffer)];
    expect(
      difference(
        after,
        before.map((sample) => 65535 - sample),
      ),
    ).toBeUndefined();
  });

  it('finds out that a network enlarges', async () => {
    const session = await openFixture({ effect: 'double', size: ['', ''] });
    expect(session.outputGeometry).toEqual({ width: 48, height: 32, format: 'rgb8' });
    const output = await run(session, input);
    const at = (pixels: Uint8Array, width: number, x: number, y: number) => pixels[(y * width + x) * 3];
    expect(at(output, 48, 31, 17)).toBe(at(input, 24, 15, 8));
  });

  it.each<[string, FixtureModel]>([
    ['any size', {}],
    ['unnamed sizes', { size: ['', ''] }],
    ['a fixed size', { size: [48, 64] }],
  ])('gives back the borders that an enlarging network of %s cuts off', async (_, model) => {
    const session = await openFixture({ ...model, effect: 'cut' });
    expect(session.outputGeometry).toEqual({ width: 48, height: 32, format: 'rgb8' });
    const doubled = await run(await openFixture({ effect: 'double' }), input);
    expect(difference(await run(session, input), doubled)).toBeUndefined();
  });

  it('gives a network of luma what it wants, and says that its result is grey', async () => {
    const session = await openFixture({ channels: 1, white: 255 });
    const output = await run(session, input);
    const luma = (at: number) =>
      Math.round(0.299 * (input[at] ?? 0) + 0.587 * (input[at + 1] ?? 0) + 0.114 * (input[at + 2] ?? 0));
    const expected = input.map((_, i) => 255 - luma(i - (i % 3)));
    expect(difference(output, expected)).toBeUndefined();
    expect(session.isLuma).toBe(true);
  });

  it('does not mistake the range of a network that normalises', async () => {
    const output = await run(await openFixture({ effect: 'normalise', white: 255 }), input);
    const mean = output.reduce((sum, sample) => sum + sample, 0) / output.length;
    expect(mean).toBeGreaterThan(120);
    expect(mean).toBeLessThan(136);
  });

  it('believes what it is told about a model', async () => {
    const session = await openFixture(
      { effect: 'blur' },
      { hints: { range: '0..255', layout: 'nchw', scale: 1 } },
    );
    expect(session.notices).toEqual([]);
    await expect(openFixture({ effect: 'blur' }, { hints: { scale: 4 } })).rejects.toThrow(
      'The model enlarges 1 times, not 4 times.',
    );
  });

  it('does not run a model to find out what it was told', async () => {
    const opened: number[][] = [];
    const watched: TensorBackend = {
      open: (request) => {
        opened.push([...(request.inputs['x']?.shape ?? [])]);
        return backend.open(request);
      },
    };
    const options = { geometry, threads: 1, hints: { range: '0..1' } } as const;
    open.push(await openImageSession({ model: fixtureModel({ size: [16, 24] }), ...options }, watched));
    expect(opened).toEqual([[1, 3, 16, 24]]);
    open.push(await openImageSession({ model: fixtureModel({}), ...options }, watched));
    expect(opened.slice(1)).toEqual([
      [1, 3, 64, 64],
      [1, 3, 80, 80],
      [1, 3, 16, 24],
    ]);
  });

  it.each([
    ['of vidstyle', ownModel([])],
    ['of other origin', fixtureModel({})],
    ['of other origin that names its sizes otherwise', fixtureModel({ size: ['rows', 'columns'] })],
  ])('is compiled for the frame’s own size: a network %s', async (_, model) => {
    const requests: TensorRequest[] = [];
    const watched: TensorBackend = {
      open: (request) => {
        requests.push(request);
        return backend.open(request);
      },
    };
    open.push(await openImageSession({ model, geometry, threads: 1 }, watched));
    const { freeDimensions = {}, inputs, image, outputShape } = requests.at(-1) ?? {};
    const { height, rows = height, width, columns = width } = freeDimensions;
    expect([rows, columns]).toEqual([16, 24]);
    expect(elementCount(inputs?.[image ?? '']?.shape ?? [])).toBe(16 * 24 * 3);
    expect(elementCount(outputShape ?? [])).toBe(16 * 24 * 3);
  });

  it('pads odd sizes by mirroring and crops the result', async () => {
    const odd: FrameGeometry = { width: 23, height: 13, format: 'rgb8' };
    const frame = noisyFrame(odd);
    const output = await run(await openFixture({}, { geometry: odd, hints: { multiple: 8 } }), frame);
    expect(
      difference(
        output,
        frame.map((sample) => 255 - sample),
      ),
    ).toBeUndefined();
  });

  it('runs a network of fixed size on a smaller frame', async () => {
    const output = await run(await openFixture({ size: [64, 64] }), input);
    expect(difference(output, inverted)).toBeUndefined();
  });

  it('reads frames from shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(input.length));
    shared.set(input);
    expect(difference(await run(await openFixture({}), shared), inverted)).toBeUndefined();
  });

  it('says in one sentence why a model is no image network', async () => {
    await expect(openFixture({ effect: 'flat' })).rejects.toMatchObject({ code: 'model' });
    const noise = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256);
    await expect(engine.open({ model: noise, geometry })).rejects.toMatchObject({ code: 'model' });
    await expect(engine.open({ model: '/nowhere/x.onnx', geometry })).rejects.toMatchObject({
      code: 'model',
    });
  });

  it('falls back to the CPU where a device is missing, and says so', async () => {
    const session = await openFixture({}, { device: 'directml' });
    expect(session.description).toMatch(/^onnxruntime cpu/);
    expect(session.notices?.[0]).toMatch(/^The device directml cannot be used .*; trying cpu\.$/);
    await expect(openFixture({}, { device: 'abacus' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('ONNX Runtime', () => {
  it('runs any model once', async () => {
    const data = Float32Array.from({ length: 48 }, (_, i) => i / 48);
    const result = await runOnce(fixtureModel({ effect: 'flat' }), {
      x: { type: 'float32', shape: [1, 3, 4, 4], data },
    });
    expect(result.shape).toEqual([1, 3, 1, 1]);
    expect(result.data[0]).toBeCloseTo(7.5 / 48, 6);
  });

  it('tells its version and devices', () => {
    const { version, devices } = describeOnnxRuntime();
    expect(version).toMatch(/^\d+\.\d+/);
    expect(devices).toContain('cpu');
  });
});

describe('tiles', () => {
  const wide: FrameGeometry = { width: 150, height: 101, format: 'rgb8' };
  const frame = noisyFrame(wide);

  it('give exactly what the whole frame gives, where the network sees less than three eighths of the overlap', async () => {
    const whole = await run(await openFixture({ effect: 'blur' }, { geometry: wide }), frame);
    for (const hints of [
      { tile: 64, overlap: 16 },
      { tile: 48, overlap: 8 },
      { tile: 64, overlap: 30 },
    ]) {
      const tiled = await openFixture({ effect: 'blur' }, { geometry: wide, hints });
      expect(tiled.description).toMatch(/tiles of/);
      expect(difference(await run(tiled, frame), whole)).toBeUndefined();
    }
  });

  it('would differ without enough overlap', async () => {
    const whole = await run(await openFixture({ effect: 'blur' }, { geometry: wide }), frame);
    const hints = { tile: 64, overlap: 4, multiple: 1 };
    expect(await run(await openFixture({ effect: 'blur' }, { geometry: wide, hints }), frame)).not.toEqual(
      whole,
    );
  });

  it('serve a network of fixed size on larger frames', async () => {
    const inverted = frame.map((sample) => 255 - sample);
    expect(
      difference(await run(await openFixture({ size: [64, 48] }, { geometry: wide }), frame), inverted),
    ).toBeUndefined();
  });

  it('serve enlarging networks and 16-bit frames', async () => {
    const deep: FrameGeometry = { ...wide, format: 'rgb16' };
    const picture = noisyFrame(deep);
    const whole = await run(await openFixture({ effect: 'double' }, { geometry: deep }), picture);
    const tiled = await openFixture({ effect: 'double' }, { geometry: deep, hints: { tile: 64 } });
    expect(difference(await run(tiled, picture), whole)).toBeUndefined();
  });

  it('serve networks that cut off borders', async () => {
    const whole = await run(await openFixture({ effect: 'double' }, { geometry: wide }), frame);
    const tiled = await openFixture({ effect: 'cut' }, { geometry: wide, hints: { tile: 64, overlap: 8 } });
    expect(tiled.description).toMatch(/tiles of/);
    expect(difference(await run(tiled, frame), whole)).toBeUndefined();
  });

  it('fade into each other where the network treats them differently', async () => {
    const flat = new Uint8Array(frameBytes(wide));
    flat.forEach((_, i) => (flat[i] = Math.floor((i % (wide.width * 3)) / 3)));
    const output = await run(
      await openFixture({ effect: 'normalise' }, { geometry: wide, hints: { tile: 64 } }),
      flat,
    );
    const row = Array.from({ length: wide.width }, (_, x) => output[x * 3] ?? 0);
    const steps = row.slice(1).map((value, x) => Math.abs(value - (row[x] ?? 0)));
    // The tiles' own levels differ by about 100 where they meet; spread over the fade that is about a dozen a pixel.
    expect(Math.max(...steps)).toBeLessThan(25);
  });
});
