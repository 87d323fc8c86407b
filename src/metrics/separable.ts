import { samplesLike, storeSample, type Raster, type Samples } from './raster.js';

/**
 * A filter along one axis: result `i` is the sum over `t < count` of `weights[i·count + t]` times the sample at
 * `positions[i·count + t]`. Resizing, blurring and windowed means are all of this form.
 */
export interface Taps {
  /** Samples in the result. */
  readonly length: number;
  /** Samples that each result is made of. */
  readonly count: number;
  /** `length × count` positions of source samples. */
  readonly positions: Int32Array;
  /** `length × count` factors. */
  readonly weights: Float64Array;
}

/** Filters every column; the result is `taps.length` high. Sums are in double precision. */
export function filterColumns<S extends Samples>(picture: Raster<S>, taps: Taps): Raster<S> {
  const { data, width, channels } = picture;
  const row = width * channels;
  const filtered = samplesLike(data, taps.length * row);
  const sums = new Float64Array(row); // whole rows are added up: columns one by one would miss the cache
  for (let y = 0; y < taps.length; y++) {
    sums.fill(0);
    for (let tap = y * taps.count; tap < (y + 1) * taps.count; tap++) {
      const weight = taps.weights[tap] as number;
      const from = (taps.positions[tap] as number) * row;
      for (let x = 0; x < row; x++) sums[x] = (sums[x] as number) + weight * (data[from + x] as number);
    }
    for (let x = 0; x < row; x++) storeSample(filtered, y * row + x, sums[x] as number);
  }
  return { width, height: taps.length, channels, data: filtered };
}

/** Filters every row; the result is `taps.length` wide. Sums are in double precision. */
export function filterRows<S extends Samples>(picture: Raster<S>, taps: Taps): Raster<S> {
  const { data, width, height, channels } = picture;
  const filtered = samplesLike(data, height * taps.length * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width * channels;
    for (let x = 0; x < taps.length; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = x * taps.count; tap < (x + 1) * taps.count; tap++) {
          const sample = data[row + (taps.positions[tap] as number) * channels + channel] as number;
          sum += (taps.weights[tap] as number) * sample;
        }
        storeSample(filtered, to++, sum);
      }
    }
  }
  return { width: taps.length, height, channels, data: filtered };
}

/** What a filter sees past the edge: the edge sample again and again, or the picture mirrored (`c b a | a b c`). */
export type Edge = 'replicate' | 'mirror';

/** The position inside `0..length - 1` that stands for `position`. */
export function insidePosition(position: number, length: number, edge: Edge): number {
  if (edge === 'replicate') return Math.min(Math.max(position, 0), length - 1);
  const period = 2 * length;
  const wrapped = ((position % period) + period) % period;
  return wrapped < length ? wrapped : period - 1 - wrapped;
}

/** A normalised Gaussian of `2·radius + 1` samples. */
export function gaussianKernel(sigma: number, radius: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}
