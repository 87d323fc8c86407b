/**
 * How well networks enlarge what archives hold: clips are reduced and encoded badly with H.264, enlarged again, and compared
 * with the original frames on luma (PSNR, SSIM).
 *
 *     node build/bench/archive-upscaling.js --scale 2 [--crf 36] [--seconds 2] --model FILE.onnx [--model …] CLIP…
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { engine } from '../src/engines/onnxruntime.js';
import { frameBytes, openVideo, type VideoSource } from '../src/media/index.js';
import { resizeBicubic } from '../src/metrics/bicubic.js';
import { lumaScores } from '../src/metrics/luma-scores.js';
import type { Raster } from '../src/metrics/raster.js';
import { readPictures } from '../src/evaluate/clip-frames.js';
import { reencode } from '../src/evaluate/reencode.js';

type Picture = Raster<Uint8Array>;

const { values, positionals: clips } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '2' },
    crf: { type: 'string', default: '36' },
    seconds: { type: 'string', default: '2' },
    every: { type: 'string', default: '10' },
    model: { type: 'string', multiple: true, default: [] },
  },
});
const scale = Number(values.scale);
const duration = Number(values.seconds);
const every = Number(values.every);

const folder = await mkdtemp(join(tmpdir(), 'vidstyle-archive-'));
try {
  for (const clip of clips) await compare(clip);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compare(clip: string): Promise<void> {
  const { width, height } = (await openAndClose(clip)).geometry;
  const [smallWidth, smallHeight] = [width, height].map((side) => 2 * Math.floor(side / scale / 2)) as [
    number,
    number,
  ];
  const bad = join(folder, 'bad.mp4');
  const size = { width: smallWidth, height: smallHeight };
  await reencode(clip, bad, { size, duration, crf: Number(values.crf) });
  const originals = await readPictures(clip, {
    every,
    duration,
    size: { width: smallWidth * scale, height: smallHeight * scale },
  });
  const small = await readPictures(bad, { every });
  for (const model of ['bicubic', ...values.model]) {
    const enlarged = await enlarge(model, small);
    const scores = enlarged.map((picture, i) => lumaScores(picture, originals[i] ?? picture, scale));
    const mean = (pick: (score: { psnr: number; ssim: number }) => number): number =>
      scores.reduce((sum, score) => sum + pick(score), 0) / scores.length;
    const row = [mean(({ psnr: value }) => value).toFixed(2), mean(({ ssim: value }) => value).toFixed(4)];
    console.log(`${basename(clip).padEnd(16)} ${basename(model, '.onnx').padEnd(24)} ${row.join('  ')}`);
  }
}

async function openAndClose(clip: string): Promise<VideoSource> {
  const source = await openVideo(clip);
  await source.close();
  return source;
}

async function enlarge(model: string, small: readonly Picture[]): Promise<Picture[]> {
  if (model === 'bicubic') return small.map((picture) => resizeBicubic(picture, scale));
  const [{ width, height } = { width: 0, height: 0 }] = small;
  const session = await engine.open({ model, geometry: { width, height, format: 'rgb8' } });
  const results: Picture[] = [];
  for (const { data } of small) {
    const result = new Uint8Array(frameBytes(session.outputGeometry));
    await session.run(data, result);
    results.push({ ...session.outputGeometry, channels: 3, data: result });
  }
  await session.close();
  return results;
}
