import { peakOf, requireSameShape, type Raster } from './raster.js';

/** Mean of the squared differences over all samples. */
export function meanSquaredError(a: Raster, b: Raster): number {
  requireSameShape(a, b, 'The mean squared error');
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
  return sum / a.data.length;
}

/**
 * Peak signal-to-noise ratio in dB, over all samples; Infinity for equal pictures.
 *
 * @param peak the largest value; by default 65535 for 16-bit samples, else 255.
 * @throws VidstyleError `usage` if the shapes differ
 */
export function psnr(a: Raster, b: Raster, peak: number = peakOf(a.data)): number {
  return 10 * Math.log10(peak ** 2 / meanSquaredError(a, b));
}
