import { VidstyleError } from '../errors.js';
import { peakOf, requireSameShape, type Raster } from './raster.js';
import { filterColumns, filterRows, gaussianKernel, type Taps } from './separable.js';

const window = { size: 11, sigma: 1.5 };

/**
 * Structural similarity (Wang et al. 2004) as published: Gaussian window of 11×11 with σ = 1.5, only where the window
 * fits, K₁ = 0.01, K₂ = 0.03, no reduction beforehand; the mean over all positions and channels. Super-resolution
 * tables take it on luma (`rgbToY`).
 *
 * @param peak the largest value; by default 65535 for 16-bit samples, else 255.
 * @throws VidstyleError `usage` if the shapes differ or a side has fewer than 11 pixels
 */
export function ssim(a: Raster, b: Raster, peak: number = peakOf(a.data)): number {
  requireSameShape(a, b, 'SSIM');
  if (Math.min(a.width, a.height) < window.size) {
    throw new VidstyleError(
      'usage',
      `SSIM needs ${String(window.size)} pixels a side, not ${String(a.width)}×${String(a.height)}.`,
    );
  }
  const means = windowMeans(a);
  const meanA = means((i) => at(a, i));
  const meanB = means((i) => at(b, i));
  const meanAA = means((i) => at(a, i) ** 2);
  const meanBB = means((i) => at(b, i) ** 2);
  const meanAB = means((i) => at(a, i) * at(b, i));
  const c1 = (0.01 * peak) ** 2;
  const c2 = (0.03 * peak) ** 2;
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const muA = meanA[i] as number;
    const muB = meanB[i] as number;
    const varianceA = (meanAA[i] as number) - muA ** 2;
    const varianceB = (meanBB[i] as number) - muB ** 2;
    const covariance = (meanAB[i] as number) - muA * muB;
    sum +=
      ((2 * muA * muB + c1) * (2 * covariance + c2)) /
      ((muA ** 2 + muB ** 2 + c1) * (varianceA + varianceB + c2));
  }
  return sum / meanA.length;
}

function at(picture: Raster, index: number): number {
  return picture.data[index] as number;
}

/** Gaussian-weighted means of a function of the sample, at every place where the window fits. */
function windowMeans({
  width,
  height,
  channels,
  data,
}: Raster): (value: (index: number) => number) => Float32Array {
  const columns = windowTaps(height);
  const rows = windowTaps(width);
  return (value) => {
    const values = new Float32Array(data.length);
    for (let i = 0; i < values.length; i++) values[i] = value(i);
    return filterRows(filterColumns({ width, height, channels, data: values }, columns), rows).data;
  };
}

function windowTaps(from: number): Taps {
  const kernel = gaussianKernel(window.sigma, (window.size - 1) / 2);
  const count = window.size;
  const length = from - count + 1;
  const positions = Int32Array.from(
    { length: length * count },
    (_, i) => Math.floor(i / count) + (i % count),
  );
  const weights = Float64Array.from({ length: length * count }, (_, i) => kernel[i % count] as number);
  return { length, count, positions, weights };
}
