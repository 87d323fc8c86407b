import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { planUpscale, upscale } from '../../src/jobs/upscale.js';
import { openVideo } from '../../src/media/index.js';
import { makeClip } from '../fixtures/clips.js';
import { ownModel } from '../fixtures/own-model.js';
import { writePicture } from '../fixtures/training-data.js';
import { upscalerModel } from '../fixtures/upscaler-model.js';

let presets = '';
let root = '';

beforeAll(async () => {
  presets = await mkdtemp(join(tmpdir(), 'vidstyle-presets-'));
  root = await mkdtemp(join(tmpdir(), 'vidstyle-upscale-'));
  await writeFile(join(presets, 'upscale-x2.onnx'), upscalerModel(2));
  await writeFile(join(presets, 'upscale-x4.onnx'), upscalerModel(4));
  await writeFile(join(presets, 'upscale-x4-perceptual.onnx'), upscalerModel(4));
  await writeFile(join(presets, 'styles.onnx'), ownModel([]));
});

describe('planUpscale', () => {
  it('takes the preset of the scale and variant, ×2 and natural unless told', async () => {
    const model = async (options: Parameters<typeof planUpscale>[0]) =>
      (await planUpscale({ ...options, presets })).model;
    expect(await model({})).toBe(join(presets, 'upscale-x2.onnx'));
    expect(await model({ scale: 4 })).toBe(join(presets, 'upscale-x4.onnx'));
    expect(await model({ scale: 4, variant: 'sharp' })).toBe(join(presets, 'upscale-x4-perceptual.onnx'));
    expect(await model({ model: 'upscale-x4' })).toBe(join(presets, 'upscale-x4.onnx'));
  });

  it.each([
    [{ scale: 8 }, 'There are upscale-x2, upscale-x4-perceptual, upscale-x4.'],
    [{ scale: 2, variant: 'video' }, 'no preset for ×2, video'],
    [{ scale: 1.5 }, 'scale is 1.5'],
    [{ model: 'nowhere.onnx' }, 'no model "nowhere.onnx"'],
    [{ model: 'upscale-x2', scale: 4 }, 'enlarges 2 times, not 4'],
    [{ model: 'styles' }, 'does not enlarge'],
  ] as const)('refuses %j in a sentence', async (options, sentence) => {
    await expect(planUpscale({ ...options, presets })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(sentence) as unknown as string,
    });
  });
});

describe('upscale', () => {
  it('enlarges a picture of odd size, smaller than any network’s field too', async () => {
    const input = join(root, 'small.png');
    await writePicture(input, 13, 7, 3);
    const { output, width, height } = await upscale(input, { scale: 4, presets, threads: 1 }).done;
    expect([output, width, height]).toEqual([join(root, 'small.x4.png'), 52, 28]);
    const { data, info } = await sharp(output).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([52, 28]);
    const original = await sharp(input).raw().toBuffer();
    const mean = (bytes: Uint8Array): number => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
    expect(Math.abs(mean(data) - mean(original))).toBeLessThan(3);
  });

  it('enlarges an anamorphic 10-bit clip of uneven frame times, and keeps all that lies beside it', async () => {
    const input = join(root, 'film.mkv');
    await makeClip(input, {
      timeBase: { num: 1, den: 1000 },
      times: [0, 33, 90, 100, 240],
      pixelFormat: 'yuv420p10le',
      aspect: { num: 4, den: 3 },
      sound: ['eng', 'deu'],
      subtitles: [{ start: 0, seconds: 0.2, text: 'hello' }],
    });
    const report = await upscale(input, { presets, threads: 1, verify: true }).done;
    expect(report).toMatchObject({ output: join(root, 'film.x2.mkv'), frames: 5, width: 128, height: 96 });
    expect(report.verification?.filter(({ ok }) => !ok)).toEqual([]);
    await using result = await openVideo(report.output);
    const { video, streams } = result.info;
    expect(video).toMatchObject({
      width: 128,
      height: 96,
      sampleAspectRatio: { num: 4, den: 3 },
      pixelFormat: { name: 'yuv420p10le' },
    });
    expect(streams.map(({ kind }) => kind)).toEqual(['video', 'audio', 'audio', 'subtitle']);
    expect(await timesOf(report.output)).toEqual(await timesOf(input));
  });

  it('says before the first frame that the codec holds no such frames, and writes nothing', async () => {
    const input = join(root, 'wide.mkv');
    await makeClip(input, { width: 4096, height: 560, times: [0] });
    const before = await readdir(root);
    const job = upscale(input, { scale: 4, presets, threads: 1, workers: 1, engine: 'onnxruntime' });
    let frames = 0;
    job.progress.subscribe(() => (frames += 1));
    await expect(job.done).rejects.toMatchObject({
      code: 'output',
      message: expect.stringMatching(/^H\.264 holds .*16384×2240 is more/) as unknown as string,
    });
    expect(frames).toBe(0);
    expect(await readdir(root)).toEqual(before);
  });
});

/** Frame times in seconds from the file's start. */
async function timesOf(path: string): Promise<number[]> {
  await using video = await openVideo(path);
  const { num, den } = video.timeBase;
  const times: number[] = [];
  for await (const frame of video.frames()) {
    times.push((Number(frame.ptsTicks) * num) / den - video.info.startSeconds);
    frame.close();
  }
  return times;
}
