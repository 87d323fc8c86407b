import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lumaScores, type LumaScores } from '../../metrics/luma-scores.js';
import type { Raster } from '../../metrics/raster.js';
import { readPictures } from '../clip-frames.js';
import { reencode } from '../reencode.js';
import { mean } from '../spread.js';
import type { PeerWork } from './peer.js';

interface Size {
  readonly width: number;
  readonly height: number;
}
type Frames = Pick<PeerWork, 'clip' | 'frames' | 'count'>;

/** The first frames of a clip at a size, as a clip of their own and as packed RGB of what that clip decodes to. */
export async function prepareClip(input: string, size: Size, count: number, folder: string): Promise<Frames> {
  const clip = join(folder, `${size.width}x${size.height}.mp4`);
  const frames = join(folder, `${size.width}x${size.height}.rgb`);
  await reencode(input, clip, { size, crf: 8, preset: 'fast', limit: count });
  return { clip, frames, count: await unpack(clip, frames) };
}

/** Mean PSNR and SSIM of packed frames against others of the same size, on luma, without borders of `scale` pixels. */
export async function scoreFrames(
  files: { readonly result: string; readonly original: string },
  size: Size,
  scale: number,
): Promise<LumaScores> {
  const [ours, theirs] = await Promise.all([readFrames(files.result, size), readFrames(files.original, size)]); // prettier-ignore
  const scores = ours.flatMap((frame, i) => {
    const original = theirs[i];
    return original ? [lumaScores(frame, original, scale)] : [];
  });
  return { psnr: mean(scores.map(({ psnr }) => psnr)), ssim: mean(scores.map(({ ssim }) => ssim)) };
}

/** All packed frames of a file. */
export async function readFrames(file: string, { width, height }: Size): Promise<Raster<Uint8Array>[]> {
  const bytes = await readFile(file);
  const length = width * height * 3;
  return Array.from({ length: Math.floor(bytes.length / length) }, (_, i) => {
    const data = bytes.subarray(i * length, (i + 1) * length);
    return { width, height, channels: 3, data };
  });
}

async function unpack(clip: string, into: string): Promise<number> {
  const pictures = await readPictures(clip, {});
  await writeFile(
    into,
    pictures.map(({ data }) => data),
  );
  return pictures.length;
}
