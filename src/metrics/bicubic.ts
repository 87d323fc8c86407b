import { VidstyleError } from '../errors.js';
import type { Raster, Samples } from './raster.js';
import { filterColumns, filterRows, insidePosition, type Edge, type Taps } from './separable.js';

/** The result's size in pixels. */
export interface Size {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * Bicubic resizing as MATLAB's `imresize` does it, which the super-resolution literature prepares and scores its
 * pictures with: Keys' cubic (a = -0.5), stretched when reducing so that it antialiases, integer samples rounded after
 * each axis, the axis with the smaller scale first. Samples keep their type.
 *
 * With replicated edges it reproduces the low-resolution pictures of Set5 and Set14 that SelfExSR published to the
 * last bit; today's MATLAB mirrors the edges instead.
 *
 * @param to a scale (the result is `ceil(scale × side)`) or the result's size.
 * @param edge default `replicate`.
 * @throws VidstyleError `usage` if the result would be empty
 */
export function resizeBicubic<S extends Samples>(
  picture: Raster<S>,
  to: number | Size,
  edge: Edge = 'replicate',
): Raster<S> {
  const { width, height } = typeof to === 'number' ? scaled(picture, to) : to;
  if (!(width >= 1 && height >= 1)) {
    throw new VidstyleError(
      'usage',
      `Cannot resize to ${String(width)}×${String(height)}: both sides need a pixel.`,
    );
  }
  const scaleX = typeof to === 'number' ? to : width / picture.width;
  const scaleY = typeof to === 'number' ? to : height / picture.height;
  const columns = (from: Raster<S>) => filterColumns(from, cubicTaps(picture.height, height, scaleY, edge));
  const rows = (from: Raster<S>) => filterRows(from, cubicTaps(picture.width, width, scaleX, edge));
  return scaleY <= scaleX ? rows(columns(picture)) : columns(rows(picture));
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
}

/** MATLAB's `contributions`, without the taps that are zero for every result. */
function cubicTaps(from: number, length: number, scale: number, edge: Edge): Taps {
  const stretch = Math.min(scale, 1);
  const support = 4 / stretch;
  const most = Math.ceil(support) + 2;
  const rows = Array.from({ length }, (_, i) => {
    const centre = (i + 0.5) / scale - 0.5;
    const first = Math.floor(centre - support / 2) + 1;
    const weights = Array.from(
      { length: most },
      (__, t) => stretch * keysCubic(stretch * (centre - first - t)),
    );
    return { first, weights };
  });
  const lastUsed = Math.max(...rows.map(({ weights }) => weights.findLastIndex((weight) => weight !== 0)));
  const count = lastUsed + 1;
  const taps = {
    length,
    count,
    positions: new Int32Array(length * count),
    weights: new Float64Array(length * count),
  };
  rows.forEach(({ first, weights }, i) => {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let t = 0; t < count; t++) {
      taps.positions[i * count + t] = insidePosition(first + t, from, edge);
      taps.weights[i * count + t] = (weights[t] as number) / sum;
    }
  });
  return taps;
}

/** Keys 1981, a = -0.5. */
function keysCubic(x: number): number {
  const distance = Math.abs(x);
  if (distance <= 1) return (1.5 * distance - 2.5) * distance ** 2 + 1;
  if (distance <= 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}
