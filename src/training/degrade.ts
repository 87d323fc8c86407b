import sharp from 'sharp';
import { crop, cropToMultiple } from '../metrics/crop.js';
import { resizeBicubic } from '../metrics/bicubic.js';
import { gaussianBlur } from '../metrics/gaussian-blur.js';
import type { Raster } from '../metrics/raster.js';
import type { Pixels } from './photos.js';

/** How a low-resolution picture comes of a high-resolution one. */
export interface Degradation {
  /** Standard deviation of the Gaussian blur before the bicubic reduction; 0 for none. Pixels. */
  readonly blur: number;
  /** Patches are spoilt as archives are: noise, then block compression, both of random strength. */
  readonly spoilt?: boolean;
  /** Spoilt patches are softened first, by a blur of up to this standard deviation, as by lenses and copies; default 0. */
  readonly softness?: number;
}

/** A photograph at both resolutions, 8-bit RGB, each side of `high` exactly `scale` times that of `low`. */
export interface ResolutionPair {
  readonly high: Raster<Uint8Array>;
  readonly low: Raster<Uint8Array>;
}

/** Reduces a photograph, cut to a multiple of the scale, as MATLAB's `imresize` does, blurred before if told. */
export function reduce(photo: Pixels, scale: number, { blur }: Degradation): ResolutionPair {
  const high = cropToMultiple({ ...photo, channels: 3 }, scale);
  return { high, low: resizeBicubic(gaussianBlur(high, blur), 1 / scale) };
}

/** Noise of up to this standard deviation, of 255. */
const strongestNoise = 6;
const quality = { worst: 25, best: 85 };

/**
 * What years of storage do to a picture: softness where the recipe has it, sensor noise, then 8×8 block compression with coarse colour, from hardly visible to
 * bad. Block compression by JPEG stands for the intra coding of video.
 */
export async function spoil(
  patch: Raster<Uint8Array>,
  random: () => number,
  softness = 0,
): Promise<Raster<Uint8Array>> {
  // Nothing is drawn where there is no softness: recipes of before see the patches of before.
  const soft = softness > 0 ? gaussianBlur(patch, softness * random()) : patch;
  const noise = strongestNoise * random() ** 2;
  const data = soft.data.map((value) =>
    Math.min(Math.max(Math.round(value + noise * gaussian(random)), 0), 255),
  );
  const { width, height } = patch;
  const chosen = Math.round(quality.worst + (quality.best - quality.worst) * random());
  const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: chosen, chromaSubsampling: '4:2:0' })
    .toBuffer();
  return { ...patch, data: await sharp(jpeg).raw().toBuffer() };
}

/** A square out of a pair, at both resolutions; sizes and position are those of the low one. */
export function cropPair(
  { high, low }: ResolutionPair,
  scale: number,
  area: { readonly left: number; readonly top: number; readonly size: number },
): ResolutionPair {
  const { left, top, size } = area;
  return {
    low: crop(low, { left, top, width: size, height: size }),
    high: crop(high, { left: left * scale, top: top * scale, width: size * scale, height: size * scale }),
  };
}

/** One of the normal distribution's values (Box and Muller). */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
