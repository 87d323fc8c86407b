import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { frameBytes, openSource, openVideo, type VerifyRow } from '../../src/media/index.js';
import { writePicture } from '../fixtures/training-data.js';
import { evenTimes, makeClip, type ClipOptions } from '../fixtures/clips.js';
import { GraphBuilder } from '../../src/nets/onnx-graph.js';
import { elementType, encodeModel, valueInfo } from '../../src/nets/onnx-schema.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { runCli } from './run-cli.js';

/** Nothing here divides evenly, and nothing is what an encoder would choose on its own. */
const hardClip: ClipOptions = {
  ...{ width: 63, height: 47, codec: 'ffv1', pixelFormat: 'yuv420p10le' },
  color: { range: 1, primaries: 9, transfer: 16, matrix: 9 },
  timeBase: { num: 1, den: 1000 },
  times: [0, 33, 67, 100, 500, 501, 900],
  ...{ rotation: 90, aspect: { num: 4, den: 3 }, sound: ['deu'], videoTitle: 'Main view' },
  subtitles: [{ start: 0, seconds: 0.2, text: 'Zwei\nZeilen' }],
  chapters: [
    { startSeconds: 0, endSeconds: 0.2, metadata: { title: 'One' } },
    { startSeconds: 0.2, endSeconds: 0.4, metadata: { title: 'Two' } },
  ],
  attachment: { name: 'font.ttf', type: 'application/x-truetype-font', bytes: Buffer.from('no real font') },
  muxerOptions: { avoid_negative_ts: 'disabled' },
};

let root: string;
let clip: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vidstyle-cli-'));
  clip = join(root, 'clip.mkv');
  await makeClip(clip, {
    sound: ['eng', 'deu'],
    subtitles: [{ start: 0, seconds: 0.2, text: 'hello' }],
    metadata: { title: 'A title' },
  });
});

describe('vidstyle clip --style', () => {
  it('restyles a video, keeps the rest, and names the output', async () => {
    const { code, stderr, stdout } = await runCli([clip, '--style', 'mosaic', '--verify', '--json']);
    expect(stderr).not.toContain('✗');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as { output: string; frames: number; verification: { ok: boolean }[] };
    expect(report).toMatchObject({ output: join(root, 'clip.mosaic.mkv'), frames: 10 });
    expect(report.verification.length).toBeGreaterThan(8);
    expect(report.verification.every(({ ok }) => ok)).toBe(true);
    expect(await meanDifference(clip, report.output)).toBeGreaterThan(20);
  });

  it('keeps what is hard to keep: ten bits, HDR tags, an odd size, uneven times, an attachment, chapters', async () => {
    const input = join(root, 'hard.mkv');
    await makeClip(input, hardClip);
    const { code, stderr, stdout } = await runCli([input, '--style', 'mosaic', '--verify', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('✗') });
    const report = JSON.parse(stdout) as { frames: number; verification: VerifyRow[] };
    expect(report).toMatchObject({ frames: 7, width: 63, height: 47 });
    const found = new Map(report.verification.map(({ property, actual, ok }) => [property, ok && actual]));
    expect(Object.fromEntries(found)).toMatchObject({
      'every timestamp': '0.900000 s',
      'frame size': '63×47',
      rotation: '90°',
      'pixel aspect ratio': '4:3',
      'bits a sample': '10',
      'colour range': 'tv',
      'colour primaries': 'bt2020',
      'colour transfer': 'smpte2084',
      'colour matrix': 'bt2020nc',
      chapters: '0.000 One, 0.200 Two',
      'audio 1 language': 'deu',
      'stream 1 packets': expect.stringContaining('bit for bit'),
      'stream 2 packets': '1 bit for bit',
    });
  });

  it('replaces an output only when told', async () => {
    const output = join(root, 'twice.mkv');
    await writeFile(output, 'precious');
    const refused = await runCli([clip, output, '--style', 'mosaic']);
    expect(refused).toMatchObject({ code: 2, stderr: `vidstyle: "${output}" exists already; add --overwrite to replace it.\n` }); // prettier-ignore
    expect(await readFile(output, 'utf8')).toBe('precious');
    expect((await runCli([clip, output, '--style', 'mosaic', '--overwrite', '--quiet'])).code).toBe(0);
    expect((await readFile(output)).length).toBeGreaterThan(1000);
  });

  it('blends styles, and gives the input back at strength 0', async () => {
    const [photo, blend, same] = [join(root, 'photo.png'), join(root, 'blend.png'), join(root, 'same.png')];
    await writePicture(photo, 160, 120, 3);
    expect((await runCli([photo, blend, '--style', 'mosaic:0.7,wave:0.3'])).code).toBe(0);
    expect((await runCli([photo, same, '--style', 'mosaic', '--strength', '0'])).code).toBe(0);
    expect(await meanDifference(photo, same)).toBe(0);
    expect(await meanDifference(photo, blend)).toBeGreaterThan(20);
  });

  it('shows the original on the left with --compare side', async () => {
    const output = join(root, 'side.mkv');
    expect((await runCli([clip, output, '--style', 'candy', '--compare', 'side'])).code).toBe(0);
    const both = await firstFrame(output);
    const original = await firstFrame(clip);
    expect([both.width, both.height]).toEqual([128, 48]);
    expect(differenceOf(original.pixels, half(both, 0))).toBeLessThan(6); // what the encoder loses
    expect(differenceOf(original.pixels, half(both, 1))).toBeGreaterThan(20);
  });

  it('shows both halves of one picture with --compare split', async () => {
    const output = join(root, 'split.mkv');
    expect((await runCli([clip, output, '--style', 'candy', '--compare', 'split'])).code).toBe(0);
    const [both, original] = [await firstFrame(output), await firstFrame(clip)];
    expect([both.width, both.height]).toEqual([64, 48]);
    expect(differenceOf(half(original, 0), half(both, 0))).toBeLessThan(6);
    expect(differenceOf(half(original, 1), half(both, 1))).toBeGreaterThan(20);
  });

  it('takes the brightness alone with --keep-colors', async () => {
    const photo = join(root, 'colours.png');
    const create = { width: 64, height: 48, channels: 3 as const, background: '#906050' };
    await sharp({ create }).png().toFile(photo);
    const spread = async (flags: readonly string[]): Promise<number> => {
      const output = join(root, `colours${flags.length}.png`);
      expect((await runCli([photo, output, '--style', 'candy', ...flags])).code).toBe(0);
      const pixels = await sharp(output).raw().toBuffer();
      const redOverGreen = Array.from({ length: 64 * 48 }, (_, i) => (pixels[3 * i] ?? 0) - (pixels[3 * i + 1] ?? 0)); // prettier-ignore
      return Math.max(...redOverGreen) - Math.min(...redOverGreen);
    };
    expect(await spread(['--keep-colors'])).toBeLessThanOrEqual(1); // rounding
    expect(await spread([])).toBeGreaterThan(20);
  });

  it('hands encoder and engine what they are told', async () => {
    const output = join(root, 'told.mkv');
    const encoding = '--codec libx264 --crf 33 --preset superfast --pixel-format yuv444p --encoder g=7 --encoder x264-params=ref=2'; // prettier-ignore
    const running = '--engine onnxruntime --device cpu --workers 2 --threads 1 --size 48x32';
    const flags = `${encoding} ${running}`.split(' ');
    const { code, stdout } = await runCli([clip, output, '--style', 'mosaic', '--json', ...flags]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ width: 48, height: 32, engine: '2 × onnxruntime cpu, 1 thread', encoder: 'libx264 yuv444p, crf 33, preset superfast' }); // prettier-ignore
    // x264 writes its settings into the stream.
    const settings = (await readFile(output)).toString('latin1');
    for (const told of ['crf=33.0', 'keyint=7', 'ref=2', 'subme=1']) expect(settings).toContain(told);
    await using result = await openVideo(output);
    expect(result.info.video.pixelFormat.name).toBe('yuv444p');
  });

  it('leaves what a mask hides', async () => {
    const mask = join(root, 'mask.png');
    const white = { create: { width: 32, height: 48, channels: 3 as const, background: '#fff' } };
    await sharp({ create: { width: 64, height: 48, channels: 3, background: '#000' } })
      .composite([{ input: await sharp(white).png().toBuffer(), left: 32, top: 0 }])
      .png()
      .toFile(mask);
    const output = join(root, 'masked.mkv');
    expect((await runCli([clip, output, '--style', 'candy', '--mask', mask])).code).toBe(0);
    const [result, original] = [await firstFrame(output), await firstFrame(clip)];
    expect(differenceOf(half(original, 0), half(result, 0))).toBeLessThan(6);
    expect(differenceOf(half(original, 1), half(result, 1))).toBeGreaterThan(20);
  });

  it('restyles a picture', async () => {
    const photo = join(root, 'photo.png');
    await sharp(makePhotograph(80, 60), { raw: { width: 80, height: 60, channels: 3 } }).toFile(photo);
    const { code, stdout } = await runCli([photo, '--style', 'udnie', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output: join(root, 'photo.udnie.png'), frames: 1, width: 80, height: 60 }); // prettier-ignore
  });

  it('does only the part that was asked for', async () => {
    const output = join(root, 'part.mkv');
    const { stdout } = await runCli([clip, output, '--style', 'wave', '--start', '0.2', '--duration', '0.12', '--verify', '--json']); // prettier-ignore
    expect(JSON.parse(stdout)).toMatchObject({ frames: 3 });
  });

  it('tells time, size and memory without writing anything with --dry-run', async () => {
    const before = await readdir(root);
    const { code, stdout } = await runCli([clip, '--style', 'scream', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /Tried 10 frames at 64×48: .* of memory\.\nAll \d+ frames take about .* s and \d+ kB\.\n/,
    );
    expect(await readdir(root)).toEqual(before);
  });

  it('fails with a table of differences where --verify finds some', async () => {
    const input = join(root, 'uneven.mkv');
    await makeClip(input, { timeBase: { num: 1, den: 1000 }, times: [0, 33, 90, 100, 240] });
    const { code, stderr } = await runCli([input, join(root, 'uneven.avi'), '--style', 'mosaic', '--verify']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^✓ frames +5$/m);
    expect(stderr).toMatch(/^✗ timestamp of frame \d+ +\S+ s → \S+ s$/m);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^vidstyle: The output differs from the input in: timestamp/,
    );
  });

  it('ends at Ctrl-C with 130 and leaves no file', async () => {
    const long = join(root, 'long.mkv');
    await makeClip(long, { width: 160, height: 90, times: evenTimes(150) });
    const output = join(root, 'never.mkv');
    const { code, stderr } = await runCli([long, output, '--style', 'mosaic'], /frames/);
    expect({ code, last: stderr.trim().split('\n').at(-1) }).toEqual({
      code: 130,
      last: 'vidstyle: Interrupted.',
    });
    expect((await readdir(root)).filter((name) => name.startsWith('never'))).toEqual([]);
  });
});

describe('bad input gets one sentence, an exit code, and nothing is written', () => {
  const cases: readonly (readonly [string, () => Promise<readonly string[]>, number, RegExp])[] = [
    ['a missing file', () => args('missing.mp4'), 1, /"missing\.mp4" does not exist/],
    ['an empty file', () => made('empty.mp4', ''), 1, /empty/],
    ['a file of rubbish', () => made('rubbish.mp4', 'rubbish '.repeat(500)), 1, /rubbish\.mp4/],
    ['a picture named like a video', () => pictureNamedVideo(), 1, /PNG picture, not a video/],
    ['a video cut short', () => cutShort(), 1, /is cut short: \d+ of its \d+ bytes are there/],
    ['an encrypted video', () => encrypted(), 1, /is encrypted/],
    [
      'frames of no size',
      () => made('flat.y4m', 'YUV4MPEG2 W0 H0 F25:1\nFRAME\n'),
      1,
      /cannot be read as a video/,
    ],
    ['gigantic frames', () => gigantic(), 1, /the limit is 16384 pixels a side/],
    [
      'a device that is not there',
      () => args(clip, join(root, 'hw.mkv'), '--hwaccel', 'nonsense'),
      1,
      /--hwaccel nonsense/,
    ],
    ['a playlist of the network', () => made('net.m3u8', '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n'), 1, /playlist/], // prettier-ignore
    ['sound only', () => soundOnly(), 1, /no video|sound/i],
    ['an unknown style', () => args(clip, '--style', 'mosiac'), 2, /Did you mean "mosaic"\?/],
    ['no style', () => Promise.resolve([clip]), 2, /Name a style with --style/],
    ['a strength out of range', () => args(clip, '--strength', '3'), 2, /from 0 to 1/],
    ['an unknown option', () => args(clip, '--colour'), 2, /unknown option/],
    [
      'an unknown encoder',
      () => args(clip, join(root, 'codec.mkv'), '--codec', 'nothing'),
      2,
      /no such video encoder/,
    ],
    ['an output without a folder', () => args(clip, join(root, 'no/where/x.mp4')), 1, /cannot be written|does not exist|no such/i], // prettier-ignore
    ['a playlist of local files', () => playlist(), 1, /playlist/i],
    ['a model that is none', () => notAModel(), 1, /ONNX/],
    ['a model that is no image-to-image network', () => anotherModel(), 1, /image|picture/i],
  ];

  it.each(cases)('%s', async (_, makeArguments, code, sentence) => {
    const given = await makeArguments();
    const before = await readdir(root);
    const result = await runCli(given.includes('--style') ? given : [...given, ...styleUnlessMissing(given)]);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr.trim().split('\n').filter((line) => line !== 'Add --help for all options.').length).toBe(1); // prettier-ignore
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(await readdir(root)).toEqual(before);
  });

  it('shows the whole error with --debug', async () => {
    const { stderr } = await runCli(['--debug', 'missing.mp4', '--style', 'mosaic']);
    expect(stderr).toMatch(/\n\s+at /);
  });

  it('an unwritable folder', async () => {
    const folder = join(root, 'locked');
    await mkdir(folder);
    // Root may write wherever a disk can be written.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
    else await chmod(folder, 0o500);
    const result = await runCli([clip, join(folder, 'x.mkv'), '--style', 'mosaic', '--quiet']);
    if (isRoot) execFileSync('umount', [folder]);
    expect(result).toEqual({ code: 1, stdout: '', stderr: `vidstyle: The folder "${folder}" is not writable.\n` }); // prettier-ignore
  });

  it('a full disk', async () => {
    const folder = join(root, 'full');
    await mkdir(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder]);
    const output = join(folder, 'x.mkv');
    const result = await runCli([clip, output, '--style', 'mosaic', '--quiet']);
    const left = await readdir(folder);
    execFileSync('umount', [folder]);
    expect(result).toEqual({ code: 1, stdout: '', stderr: `vidstyle: The disk is full: "${output}" could not be written.\n` }); // prettier-ignore
    expect(left).toEqual([]);
  });
});

/** The case of no style is the one that names nothing but the clip. */
const styleUnlessMissing = (given: readonly string[]): readonly string[] =>
  given.length === 1 && given[0] === clip ? [] : ['--style', 'mosaic'];

const args = (...list: readonly string[]): Promise<readonly string[]> => Promise.resolve(list);

async function made(name: string, content: string): Promise<readonly string[]> {
  await writeFile(join(root, name), content);
  return [join(root, name)];
}

async function pictureNamedVideo(): Promise<readonly string[]> {
  const path = join(root, 'picture.mp4');
  await sharp({ create: { width: 64, height: 48, channels: 3, background: '#888' } })
    .png()
    .toFile(join(root, 'p.png'));
  await copyFile(join(root, 'p.png'), path);
  return [path];
}

async function soundOnly(): Promise<readonly string[]> {
  await makeClip(join(root, 'sound.mkv'), { noVideo: true, sound: ['eng'] });
  return [join(root, 'sound.mkv')];
}

async function cutShort(): Promise<readonly string[]> {
  const path = join(root, 'short.mkv');
  const whole = await readFile(clip);
  await writeFile(path, whole.subarray(0, Math.floor(whole.length / 2)));
  return [path];
}

async function encrypted(): Promise<readonly string[]> {
  const key = '00112233445566778899aabbccddeeff';
  const muxerOptions = { encryption_scheme: 'cenc-aes-ctr', encryption_key: key, encryption_kid: key };
  await makeClip(join(root, 'encrypted.mp4'), { muxerOptions });
  return [join(root, 'encrypted.mp4')];
}

async function gigantic(): Promise<readonly string[]> {
  await makeClip(join(root, 'wide.mkv'), { codec: 'ffv1', width: 16_400, height: 2, times: [0] });
  return [join(root, 'wide.mkv')];
}

async function playlist(): Promise<readonly string[]> {
  return made('list.m3u8', `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${clip}\n#EXT-X-ENDLIST\n`);
}

async function notAModel(): Promise<readonly string[]> {
  await writeFile(join(root, 'none.onnx'), 'no model');
  return [clip, '--style', join(root, 'none.onnx')];
}

/** A network that gives one number. */
async function anotherModel(): Promise<readonly string[]> {
  const value = (name: string, shape: readonly number[]) => valueInfo(name, elementType.float, shape);
  const graph = new GraphBuilder();
  graph.op('ReduceMean', ['x'], { keepdims: 0 }, 'y');
  const model = encodeModel(
    graph.model('classifier', { input: [value('x', [1, 10])], output: [value('y', [])] }),
  );
  await writeFile(join(root, 'classifier.onnx'), model);
  return [clip, '--style', join(root, 'classifier.onnx')];
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

async function firstFrame(path: string): Promise<Picture> {
  const { source } = await openSource(path);
  try {
    for await (const frame of source.frames()) {
      const pixels = new Uint8Array(frameBytes(source.geometry));
      frame.read(pixels);
      frame.close();
      return { ...source.geometry, pixels };
    }
    throw new Error('no frame');
  } finally {
    await source.close();
  }
}

function half({ width, height, pixels }: Picture, which: 0 | 1): Uint8Array {
  const bytes = (width / 2) * 3;
  const rows = Array.from({ length: height }, (_, y) => pixels.subarray((2 * y + which) * bytes, (2 * y + which + 1) * bytes)); // prettier-ignore
  return Buffer.concat(rows);
}

function differenceOf(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

async function meanDifference(a: string, b: string): Promise<number> {
  return differenceOf((await firstFrame(a)).pixels, (await firstFrame(b)).pixels);
}
