import { frameBytes, openVideo, type OpenVideoOptions } from '../media/index.js';
import type { Raster } from '../metrics/raster.js';

/** Which frames of a clip to read. */
export interface ClipFrames extends Pick<OpenVideoOptions, 'size' | 'start' | 'duration'> {
  /** Every so many; default 1. */
  readonly every?: number;
  /** So many at most; default all. */
  readonly limit?: number;
}

/** Frames of a clip, RGB. @throws VidstyleError as `openVideo` */
export async function readPictures(
  clip: string,
  { every = 1, limit = Infinity, ...options }: ClipFrames,
): Promise<Raster<Uint8Array>[]> {
  const source = await openVideo(clip, options);
  try {
    const pictures: Raster<Uint8Array>[] = [];
    const { width, height } = source.geometry;
    for await (const frame of source.frames()) {
      if (frame.index % every === 0) {
        const data = new Uint8Array(frameBytes(source.geometry));
        frame.read(data);
        pictures.push({ width, height, channels: 3, data });
      }
      frame.close();
      if (pictures.length >= limit) break;
    }
    return pictures;
  } finally {
    await source.close();
  }
}
