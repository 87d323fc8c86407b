import { frameBytes, openSource } from '../media/index.js';
import type { ProcessOptions } from './options.js';

const count = 3;

/** Decodes the first frames that a job will see, as packed RGB of its working size; one of a picture. */
export async function firstFramesOf(input: string, options: ProcessOptions): Promise<Uint8Array[]> {
  const { source } = await openSource(input, { ...options, onNotice: undefined });
  const frames: Uint8Array[] = [];
  try {
    for await (const frame of source.frames(options.signal)) {
      const pixels = new Uint8Array(frameBytes(source.geometry));
      try {
        frame.read(pixels);
      } finally {
        frame.close();
      }
      if (frames.push(pixels) === count) break;
    }
    return frames;
  } finally {
    await source.close();
  }
}
