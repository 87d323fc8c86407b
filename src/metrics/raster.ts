import { VidstyleError } from '../errors.js';

/** What a sample can be. 8 and 16 bit are full range (0..255, 0..65535); floats are on the 0..255 scale too. */
export type Samples = Uint8Array | Uint16Array | Float32Array;

/**
 * A picture or anything laid out like one: `height × width × channels`, rows from the top, channels interleaved.
 * One channel is a plane, three are RGB, two can be a flow field.
 */
export interface Raster<S extends Samples = Samples> {
  /** Samples a row and channel. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Interleaved samples a pixel. */
  readonly channels: number;
  /** `height × width × channels` samples. */
  readonly data: S;
}

/**
 * Wraps samples as a {@link Raster}.
 * @throws VidstyleError `usage` if `data` has another length than `width × height × channels`
 */
export function raster<S extends Samples>(
  width: number,
  height: number,
  channels: number,
  data: S,
): Raster<S> {
  if (data.length !== width * height * channels) {
    const needed = `${String(width)} × ${String(height)} × ${String(channels)}`;
    throw new VidstyleError('usage', `A raster of ${needed} samples was given ${String(data.length)}.`);
  }
  return { width, height, channels, data };
}

/** The same picture in floats, on the same scale: what a metric of unrounded values starts from. */
export function toFloat(picture: Raster): Raster<Float32Array> {
  return { ...picture, data: Float32Array.from(picture.data) };
}

/** Largest value a sample of this type takes by convention: 65535 for 16 bit, else 255. */
export function peakOf(data: Samples): number {
  return data.BYTES_PER_ELEMENT === 2 ? 65535 : 255;
}

/** An array of `length` samples of the type of `like`. */
export function samplesLike<S extends Samples>(like: S, length: number): S {
  // `constructor` rather than `instanceof`: typed arrays may come from another realm.
  const type = like.constructor as new (length: number) => S;
  return new type(length);
}

/**
 * Writes `value` as MATLAB converts a double: integers are rounded half away from zero and saturated, floats are kept.
 */
export function storeSample(data: Samples, index: number, value: number): void {
  if (data.BYTES_PER_ELEMENT === 4) data[index] = value;
  else data[index] = Math.min(Math.max(Math.floor(value + 0.5), 0), peakOf(data));
}

/** @throws VidstyleError `usage` if the two differ in size or channels */
export function requireSameShape(a: Raster, b: Raster, what: string): void {
  if (a.width === b.width && a.height === b.height && a.channels === b.channels) return;
  throw new VidstyleError(
    'usage',
    `${what} compares pictures of one shape, not ${shapeOf(a)} with ${shapeOf(b)} (width × height × channels).`,
  );
}

function shapeOf({ width, height, channels }: Raster): string {
  return `${String(width)}×${String(height)}×${String(channels)}`;
}
