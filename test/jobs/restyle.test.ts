import { beforeAll, describe, expect, it } from '@jest/globals';
import { link, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { openMask } from '../../src/jobs/mask.js';
import { defaultOutput } from '../../src/jobs/output-name.js';
import { rehearse } from '../../src/jobs/rehearse.js';
import { restyle, type RestyleOptions } from '../../src/jobs/restyle.js';
import { createVideoSink, openVideo } from '../../src/media/index.js';
import { readPictures } from '../../src/evaluate/clip-frames.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { makePresets } from '../fixtures/presets.js';

let root: string;
let clip: string;
let photo: string;
let presets: string;

beforeAll(async () => {
  presets = await makePresets();
  root = await mkdtemp(join(tmpdir(), 'vidstyle-restyle-'));
  clip = join(root, 'clip.mkv');
  await makeClip(clip, { sound: ['eng'], times: evenTimes(25) });
  photo = join(root, 'photo.png');
  await sharp(makePhotograph(40, 30), { raw: { width: 40, height: 30, channels: 3 } }).toFile(photo);
});

const start = (input: string, options: Partial<RestyleOptions>) =>
  restyle(input, { style: 'mosaic', presets, threads: 1, ...options });

describe('restyle', () => {
  it('tells how far it is, then how it went', async () => {
    const seen: number[] = [];
    let completed = false;
    const output = join(root, 'told.mkv');
    const job = start(clip, { output, verify: true });
    job.progress.subscribe({
      next: ({ framesDone }) => seen.push(framesDone),
      complete: () => (completed = true),
    });
    const report = await job.done;
    expect(seen).toEqual(evenTimes(25).map((index) => index + 1));
    expect(completed).toBe(true);
    expect(report).toMatchObject({ input: clip, output, frames: 25, width: 64, height: 48, notices: [] });
    expect(report.verification?.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('leaves nothing behind when it is aborted on the way', async () => {
    const abort = new AbortController();
    const job = start(clip, { output: join(root, 'aborted.mkv'), signal: abort.signal });
    job.progress.subscribe(({ framesDone }) => {
      if (framesDone === 3) abort.abort();
    });
    await expect(job.done).rejects.toMatchObject({ code: 'aborted' });
    expect((await readdir(root)).filter((name) => name.includes('aborted'))).toEqual([]);
  });

  it('gives a picture all cores, in one network', async () => {
    const report = await restyle(photo, { style: 'mosaic', presets, output: join(root, 'cores.png') }).done;
    const cores = availableParallelism();
    expect(report.engine).toBe(`onnxruntime cpu, ${cores} thread${cores === 1 ? '' : 's'}`);
  });

  it('does not begin when it is aborted before', async () => {
    const output = join(root, 'never.mkv');
    const job = start(clip, { output, signal: AbortSignal.abort() });
    await expect(job.done).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(root)).not.toContain('never.mkv');
  });

  it.each([
    ['no identity', 'solo'],
    ['an identity of its own', 'mosaic'],
  ])('gives a picture back to the pixel at strength 0 where the network knows %s', async (_, style) => {
    const output = join(root, `same-${style}.png`);
    await start(photo, { style, strength: 0, output }).done;
    expect(await pixelsOf(output)).toEqual(await pixelsOf(photo));
    await start(photo, { style, output, overwrite: true }).done;
    expect(await pixelsOf(output)).not.toEqual(await pixelsOf(photo));
  });

  it('holds still what stands still when told', async () => {
    const noisy = join(root, 'noisy.mkv');
    {
      await using source = await openVideo(clip);
      await using sink = await createVideoSink(noisy, source, { crf: 0, copyStreams: false });
      const picture = makePhotograph(64, 48);
      for (let index = 0; index < 25; index += 1) {
        const pixels = picture.map((value, i) => Math.min(255, value + ((i * 7919 * (index + 1)) % 13)));
        await sink.write({ index, ptsTicks: BigInt(40 * index), durationTicks: 40n, pixels });
      }
      await sink.finish();
    }
    const flicker = async (options: Partial<RestyleOptions>): Promise<number> => {
      const output = join(root, 'held.mkv');
      await start(noisy, { style: 'solo', strength: 0, output, overwrite: true, crf: 0, ...options }).done;
      const frames = await readPictures(output, {});
      const [last = [], before = []] = frames.slice(-2).map(({ data }) => [...data]);
      return last.reduce((sum, value, i) => sum + Math.abs(value - (before[i] ?? NaN)), 0) / last.length;
    };
    const [moving, held] = [await flicker({}), await flicker({ steady: true })];
    expect(moving).toBeGreaterThan(2);
    expect(held).toBeLessThan(moving / 2);
  });

  it('works at another size when told', async () => {
    const report = await start(photo, { output: join(root, 'wide.png'), size: { width: 96, height: 32 } })
      .done;
    expect(report).toMatchObject({ width: 96, height: 32 });
  });

  const wrong: readonly (readonly [Partial<RestyleOptions>, string])[] = [
    [{ strength: 2 }, 'strength is 2: give a number from 0 to 1.'],
    [{ strength: NaN }, 'strength is NaN: give a number from 0 to 1.'],
    [{ workers: 0 }, 'workers is 0: give a whole number from 1 to 256.'],
    [{ threads: 1.5 }, 'threads is 1.5: give a whole number from 1 to 1024.'],
    [{ duration: 0 }, 'duration is 0: give seconds above 0.'],
    [{ start: -1 }, 'start is -1: give seconds from 0 up.'],
    [{ size: { width: 8, height: 99 } }, 'size.width is 8: give a whole number from 16 to 16384.'],
    [{ compare: 'above' as 'side' }, "compare is 'above': give side or split."],
    [
      { engine: 'steam' as 'tfjs' },
      "engine is 'steam': give auto, onnxruntime, openvino, tfjs or the URL of a module.",
    ],
    [{ crf: 99 }, 'crf is 99: give a number from 0 to 63.'],
  ];

  it.each(wrong)('names the option, its value and what is allowed: %j', async (options, message) => {
    const job = start(clip, { output: join(root, 'wrong.mkv'), ...options });
    await expect(job.done).rejects.toMatchObject({ code: 'usage', message });
  });

  it('writes neither over its input, by any name, nor over a folder', async () => {
    const other = join(root, 'other-name.mkv');
    await link(clip, other);
    const same = { code: 'usage', message: 'Input and output are the same file.' };
    await expect(start(clip, { output: clip, overwrite: true }).done).rejects.toMatchObject(same);
    await expect(start(clip, { output: other, overwrite: true }).done).rejects.toMatchObject(same);
    await expect(start(clip, { output: root, overwrite: true }).done).rejects.toMatchObject({
      code: 'usage',
      message: `"${root}" is a folder: name a file.`,
    });
  });

  it('writes every frame’s stages into a trace', async () => {
    const trace = join(root, 'trace.json');
    await start(clip, { output: join(root, 'traced.mkv'), trace }).done;
    const { traceEvents } = JSON.parse(await readFile(trace, 'utf8')) as { traceEvents: { name: string }[] };
    for (const stage of ['decode', 'toRgb', 'network', 'compose', 'fromRgb', 'write']) {
      expect(traceEvents.filter(({ name }) => name === stage)).toHaveLength(25);
    }
  });

  it('finds out which engine is fastest, and remembers it', async () => {
    const output = join(root, 'auto.png');
    const first = await start(photo, { output, engine: 'auto' }).done;
    const again = await start(photo, { output, engine: 'auto', overwrite: true }).done;
    expect(first.engine).toMatch(/^(onnxruntime|openvino|tfjs) cpu/);
    expect(again.engine).toBe(first.engine);
  });

  it('runs OpenVINO where it is asked for', async () => {
    const output = join(root, 'openvino.png');
    const report = await start(photo, { output, engine: 'openvino', precision: 'f32' }).done;
    expect(report.engine).toBe('openvino cpu, 1 thread, f32');
  });

  it('runs an engine of the caller’s own', async () => {
    const module = join(root, 'white-engine.mjs');
    await writeFile(module, whiteEngine);
    const output = join(root, 'white.png');
    const report = await start(photo, { output, engine: new URL(`file://${module}`) }).done;
    expect(report.engine).toBe('white paint');
    expect(new Set(await pixelsOf(output))).toEqual(new Set([255]));
  });
});

const whiteEngine = `export const engine = {
  name: 'white',
  open: async ({ geometry }) => ({
    outputGeometry: geometry,
    description: 'white paint',
    run: async (input, output) => void output.fill(255),
    setStyle: () => {},
    close: async () => {},
  }),
};`;

describe('rehearse', () => {
  it('tries ten frames, counts all of them, and writes nothing', async () => {
    const before = await readdir(root);
    const tried = await rehearse(clip, '.mkv', {}, (output, duration) => start(clip, { output, duration }));
    expect(tried).toMatchObject({ framesTried: 10, width: 64, height: 48 });
    expect(tried.frames).toBeGreaterThanOrEqual(25);
    expect(tried.seconds).toBeGreaterThan(0);
    expect(tried.bytes).toBeGreaterThan(1000);
    expect(tried.peakMemoryBytes).toBeGreaterThan(50e6);
    expect(await readdir(root)).toEqual(before);
  });
});

describe('a mask that is a video', () => {
  it('shows the picture that shows at a frame’s time, and its last one to the end', async () => {
    const greys: number[] = [];
    const geometry = { width: 64, height: 48, format: 'rgb8' } as const;
    const mask = await openMask(clip, geometry, ({ index }) => index);
    const expected = [await greyAt(0), await greyAt(0.4), await greyAt(0.96), await greyAt(0.96)];
    const into = new Uint8Array(64 * 48);
    for (const seconds of [0, 0.41, 0.96, 50]) {
      await mask.fill({ index: seconds, ptsTicks: 0n, durationTicks: 1n }, into);
      greys.push(meanOf(into));
    }
    await mask.close?.();
    greys.forEach((grey, i) => {
      expect(Math.abs(grey - (expected[i] ?? NaN))).toBeLessThan(0.5); // rounding to whole levels
    });
    expect(new Set(expected).size).toBeGreaterThan(2);
  });
});

it.each([
  ['clip.mp4', 'clip.mosaic.mp4'],
  ['a.b/clip.tar.MKV', 'a.b/clip.tar.mosaic.MKV'],
  ['noending', 'noending.mosaic.mp4'],
  ['photo.tiff', 'photo.mosaic.png'],
  ['old.wmv', 'old.mosaic.mkv'],
  ['https://example.org/a/film.mp4?x=1', 'film.mosaic.mp4'],
  ['rtmp://example.org', 'stream.mosaic.mp4'],
])('names the output of %s %s', (input, output) => {
  expect(defaultOutput(input, 'mosaic')).toBe(output);
});

async function pixelsOf(path: string): Promise<number[]> {
  return [
    ...(await sharp(await readFile(path))
      .removeAlpha()
      .raw()
      .toBuffer()),
  ];
}

/** The mean of the clip's frame that shows at a time, of 255. */
async function greyAt(seconds: number): Promise<number> {
  const video = await openVideo(clip, { start: seconds });
  const pixels = new Uint8Array(64 * 48 * 3);
  for await (const frame of video.frames()) {
    frame.read(pixels);
    frame.close();
    break;
  }
  await video.close();
  return meanOf(pixels);
}

function meanOf(values: Uint8Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
