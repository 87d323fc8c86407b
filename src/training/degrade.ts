import { crop, cropToMultiple, type Rectangle } from '../metrics/crop.js';
import { resizeBicubic } from '../metrics/bicubic.js';
import { gaussianBlur } from '../metrics/gaussian-blur.js';
import type { Raster } from '../metrics/raster.js';
import type { Pixels } from './photos.js';

/** How a low-resolution picture comes of a high-resolution one. */
export interface Degradation {
  /** Standard deviation of the Gaussian blur before the bicubic reduction; 0 for none. Pixels. */
  readonly blur: number;
  /** Patches are spoilt as archives are: noise, then H.264, both of random strength. */
  readonly spoilt?: boolean;
  /** Spoilt patches are softened first, by a blur of up to this standard deviation, as by lenses and copies; default 0. */
  readonly softness?: number;
}

/** A photograph at both resolutions, 8-bit RGB, each side of `high` exactly `scale` times that of `low`. */
export interface ResolutionPair {
  readonly high: Raster<Uint8Array>;
  readonly low: Raster<Uint8Array>;
}

/** A square of a picture. Pixels. */
export interface Square {
  readonly left: number;
  readonly top: number;
  readonly size: number;
}

/** Reduces a photograph, cut to a multiple of the scale, as MATLAB's `imresize` does, blurred before if told. */
export function reduce(photo: Pixels, scale: number, { blur }: Degradation): ResolutionPair {
  const high = cropToMultiple({ ...photo, channels: 3 }, scale);
  return { high, low: resizeBicubic(gaussianBlur(high, blur), 1 / scale) };
}

/** Noise of up to this standard deviation, of 255. */
const strongestNoise = 6;
/** x264's constant rate factors, from hardly visible to bad. */
const crf = { best: 20, worst: 40 };

/**
 * What years of storage do to a shot: softness where the recipe has it, sensor noise anew in every frame, then H.264 at a
 * random low rate, which carries one frame's damage over to the next.
 *
 * @param shot frames of one size
 * @param which the frame that is wanted
 */
export async function spoil(
  shot: readonly Raster<Uint8Array>[],
  which: number,
  random: () => number,
  softness = 0,
): Promise<Raster<Uint8Array>> {
  const frame = shot[which];
  if (!frame) throw new RangeError(`a shot of ${shot.length} frames has no frame ${which}`);
  const blur = softness * random();
  const noise = strongestNoise * random() ** 2;
  const rate = crf.best + (crf.worst - crf.best) * random();
  const noisy = shot.map((each) =>
    gaussianBlur(each, blur).data.map((value) =>
      Math.min(Math.max(Math.round(value + noise * gaussian(random)), 0), 255),
    ),
  );
  // FFmpeg is loaded by the trainings that need it alone.
  const { recompress } = await import('../media/recompress.js');
  const stored = await recompress(noisy, frame, { crf: Math.round(rate) });
  return { ...frame, data: stored[which] ?? frame.data };
}

/**
 * Where the frames of a shot lie in a picture when a camera drifts over it and frame `which` shows `area`: it moves by up to
 * 3 pixels a frame and rests at the picture's border.
 */
export function drift(
  area: Square,
  within: { readonly width: number; readonly height: number },
  { frames, which }: { readonly frames: number; readonly which: number },
  random: () => number,
): Rectangle[] {
  const { left, top, size } = area;
  const step = (): number => Math.floor(random() * (2 * fastest + 1)) - fastest;
  const [dx, dy] = [step(), step()];
  const inside = (start: number, length: number): number => Math.min(Math.max(start, 0), length - size);
  return Array.from({ length: frames }, (_, frame) => ({
    left: inside(left + (frame - which) * dx, within.width),
    top: inside(top + (frame - which) * dy, within.height),
    width: size,
    height: size,
  }));
}

const fastest = 3;

/** A square out of a pair, at both resolutions; sizes and position are those of the low one. */
export function cropPair({ high, low }: ResolutionPair, scale: number, area: Square): ResolutionPair {
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
