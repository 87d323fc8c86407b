import { VidstyleError } from '../errors.js';
import { samplesLike, type Raster, type Samples } from './raster.js';

/** A rectangle in pixels. */
export interface Rectangle {
  /** Columns to the left of it. */
  readonly left: number;
  /** Rows above it. */
  readonly top: number;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * Copies a rectangle out of a picture.
 * @throws VidstyleError `usage` if it is empty or reaches outside
 */
export function crop<S extends Samples>(picture: Raster<S>, area: Rectangle): Raster<S> {
  const { left, top, width, height } = area;
  const inside = left >= 0 && top >= 0 && left + width <= picture.width && top + height <= picture.height;
  if (width <= 0 || height <= 0 || !inside) {
    throw new VidstyleError(
      'usage',
      `A crop to ${String(width)}×${String(height)} at (${String(left)}, ${String(top)}) does not fit a picture of ` +
        `${String(picture.width)}×${String(picture.height)}.`,
    );
  }
  const { channels, data } = picture;
  const cropped = samplesLike(data, width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * channels;
    cropped.set(data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data: cropped };
}

/** Takes `border` pixels off every side: super-resolution is scored without as many pixels as the scale. */
export function cropBorder<S extends Samples>(picture: Raster<S>, border: number): Raster<S> {
  const width = picture.width - 2 * border;
  const height = picture.height - 2 * border;
  return crop(picture, { left: border, top: border, width, height });
}

/** Cuts right and bottom so that both sides are multiples of `scale` ("modcrop" in the literature). */
export function cropToMultiple<S extends Samples>(picture: Raster<S>, scale: number): Raster<S> {
  const width = picture.width - (picture.width % scale);
  const height = picture.height - (picture.height % scale);
  return crop(picture, { left: 0, top: 0, width, height });
}
