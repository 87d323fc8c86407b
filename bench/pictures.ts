import { frameBytes, openVideo, type OpenVideoOptions } from '../src/media/index.js';
import type { Raster } from '../src/metrics/raster.js';

/** Every so many frames of a clip, RGB. */
export async function readPictures(
  clip: string,
  { every, ...options }: { readonly every: number } & Pick<OpenVideoOptions, 'size' | 'duration'>,
): Promise<Raster<Uint8Array>[]> {
  const source = await openVideo(clip, options);
  const pictures: Raster<Uint8Array>[] = [];
  const { width, height } = source.geometry;
  for await (const frame of source.frames()) {
    if (frame.index % every === 0) {
      const data = new Uint8Array(frameBytes(source.geometry));
      frame.read(data);
      pictures.push({ width, height, channels: 3, data });
    }
    frame.close();
  }
  await source.close();
  return pictures;
}
