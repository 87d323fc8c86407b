import type { Raster, Samples } from './raster.js';
import { filterColumns, filterRows, gaussianKernel, insidePosition, type Taps } from './separable.js';

/**
 * Gaussian blur with mirrored edges, cut off at four standard deviations. Samples keep their type.
 *
 * @param sigma standard deviation in pixels; 0 gives the picture back.
 */
export function gaussianBlur<S extends Samples>(picture: Raster<S>, sigma: number): Raster<S> {
  if (sigma === 0) return picture;
  const kernel = gaussianKernel(sigma, Math.floor(4 * sigma + 0.5));
  return filterRows(
    filterColumns(picture, blurTaps(kernel, picture.height)),
    blurTaps(kernel, picture.width),
  );
}

function blurTaps(kernel: Float64Array, length: number): Taps {
  const count = kernel.length;
  const radius = (count - 1) / 2;
  const positions = Int32Array.from({ length: length * count }, (_, i) =>
    insidePosition(Math.floor(i / count) + (i % count) - radius, length, 'mirror'),
  );
  const weights = Float64Array.from({ length: length * count }, (_, i) => kernel[i % count] as number);
  return { length, count, positions, weights };
}
