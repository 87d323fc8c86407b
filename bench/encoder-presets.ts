/**
 * What x264's presets cost on restyled pictures, which are far richer in detail than the source: processor time, bit rate,
 * and likeness to the restyled pictures themselves on luma. A clip is restyled once, without loss; each preset encodes that.
 *
 * With `--lookahead` the preset stays `faster` and the frames that x264 looks ahead at differ instead.
 *
 *     node build/bench/encoder-presets.js [--style mosaic] [--seconds 2] [--crf 18] [--lookahead 20 --lookahead 6] CLIP…
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Decoder, Demuxer, Encoder, Muxer, pipeline } from 'node-av/api';
import { restyle } from '../src/index.js';
import { rgbToY } from '../src/metrics/luma.js';
import { psnr } from '../src/metrics/psnr.js';
import { toFloat, type Raster } from '../src/metrics/raster.js';
import { ssim } from '../src/metrics/ssim.js';
import { readPictures } from '../src/evaluate/clip-frames.js';
import { median } from '../src/evaluate/spread.js';

const { values, positionals: clips } = parseArgs({
  allowPositionals: true,
  options: {
    style: { type: 'string', default: 'mosaic' },
    seconds: { type: 'string', default: '2' },
    crf: { type: 'string', multiple: true, default: ['18'] },
    lookahead: { type: 'string', multiple: true },
  },
});
const variants: Record<string, string>[] =
  values.lookahead?.map((frames) => ({ preset: 'faster', 'rc-lookahead': frames })) ??
  ['medium', 'fast', 'faster', 'veryfast', 'superfast'].map((preset) => ({ preset }));

const folder = await mkdtemp(join(tmpdir(), 'vidstyle-encoder-presets-'));
try {
  for (const clip of clips) await compare(clip);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compare(clip: string): Promise<void> {
  const restyled = join(folder, `${basename(clip)}.mkv`);
  const { style } = values;
  const duration = Number(values.seconds);
  await restyle(clip, { style, duration, output: restyled, crf: 0, preset: 'ultrafast' }).done;
  const originals = await luma(restyled);
  console.log(`${basename(clip)}, ${style}`);
  for (const crf of values.crf) {
    for (const variant of variants) {
      const output = join(folder, 'encoded.mp4');
      const milliseconds = await encode(restyled, output, { crf, ...variant });
      const encoded = await luma(output);
      const megabits = ((await stat(output)).size * 8) / 1e6 / duration;
      const likeness = [psnr, ssim].map((metric) =>
        median(encoded.map((y, i) => metric(y, originals[i] ?? y))),
      );
      const [decibels = NaN, similarity = NaN] = likeness;
      console.log(
        `  crf ${crf} ${Object.values(variant).join(', ').padEnd(9)} ${milliseconds.toFixed(1).padStart(6)} ms of processor a frame,` +
          ` ${megabits.toFixed(2)} Mbit/s, ${decibels.toFixed(2)} dB, SSIM ${similarity.toFixed(4)}`,
      );
    }
  }
}

/** Processor time of all threads for a frame, decoding of the lossless clip included; milliseconds. */
async function encode(input: string, output: string, options: Record<string, string>): Promise<number> {
  const before = process.cpuUsage();
  await using source = await Demuxer.open(input);
  const stream = source.video();
  if (!stream) throw new Error('the clip has no video');
  using decoder = await Decoder.create(stream);
  using encoder = await Encoder.create('libx264' as never, { decoder, options });
  await using target = await Muxer.open(output);
  const control = pipeline(source, decoder, encoder, target);
  await control.completion;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / control.progress.frames;
}

/** Every tenth frame's luma, 0..255. */
async function luma(path: string): Promise<Raster<Float32Array>[]> {
  return (await readPictures(path, { every: 10 })).map((picture) => rgbToY(toFloat(picture)));
}
