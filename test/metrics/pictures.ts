import type { Raster } from '../../src/metrics/raster.js';

/** A busy picture that the scripts behind the reference values generate by the same formula. */
export function busyPicture(
  width: number,
  height: number,
  channels: number,
  seed: number,
): Raster<Float32Array> {
  const data = new Float32Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    data[i] = ((i + seed) ** 2 * 7 + x * 13 + y * 29) % 251;
  }
  return { width, height, channels, data };
}

/** The sample at column x, row y. */
export function sampleAt({ data, width, channels }: Raster, x: number, y: number, channel = 0): number {
  return data[(y * width + x) * channels + channel] as number;
}
