import { VidstyleError } from '../errors.js';
import { peakOf, samplesLike, storeSample, type Raster, type Samples } from './raster.js';

/**
 * Luma of BT.601 in limited range (16..235 on the 0..255 scale), as MATLAB's `rgb2ycbcr` computes it: the plane that
 * super-resolution is scored on. Samples keep their type, so 8-bit luma is rounded; use `toFloat` first for
 * unrounded luma, which is what gives the published figures.
 *
 * @param picture RGB, or grey: a picture of one channel is its own luma, as in the published tables (one of Set14's
 *   pictures is grey; bringing it into limited range would raise the set's mean by 0.09 dB).
 * @throws VidstyleError `usage` for other channel counts
 */
export function rgbToY<S extends Samples>(picture: Raster<S>): Raster<S> {
  const { width, height, channels, data } = picture;
  if (channels === 1) return picture;
  if (channels !== 3)
    throw new VidstyleError('usage', `Luma needs RGB or grey, not ${String(channels)} channels.`);
  const offset = (16 / 255) * peakOf(data);
  const luma = samplesLike(data, width * height);
  for (let i = 0, from = 0; i < luma.length; i++, from += 3) {
    const red = data[from] as number;
    const green = data[from + 1] as number;
    const blue = data[from + 2] as number;
    storeSample(luma, i, offset + (65.481 * red + 128.553 * green + 24.966 * blue) / 255);
  }
  return { width, height, channels: 1, data: luma };
}
