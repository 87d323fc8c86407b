import { VidstyleError } from '../errors.js';
import { frameBytes, type FrameGeometry, type FrameSink, type FrameSource } from '../media/frames.js';
import { readThrough } from '../pipeline/read-through.js';

/**
 * Twice as wide: the geometry of `--compare side`.
 * @throws VidstyleError `usage` where the network enlarges
 */
export function sideBySideGeometry(original: FrameGeometry, result: FrameGeometry): FrameGeometry {
  if (original.width !== result.width || original.height !== result.height) {
    throw new VidstyleError('usage', 'Original and result differ in size and cannot be shown side by side.');
  }
  return { ...result, width: result.width * 2 };
}

/**
 * Shows original and result beside each other: remembers each frame as it is read and joins it to its result on the way
 * into `sink`, whose geometry is {@link sideBySideGeometry}. Holds as many originals as there are frames in flight.
 */
export function sideBySide(source: FrameSource, sink: FrameSink): { source: FrameSource; sink: FrameSink } {
  const originals = new Map<number, Uint8Array>();
  const { geometry } = source;
  const rowBytes = frameBytes({ ...geometry, height: 1 });
  const joined = new Uint8Array(frameBytes(sink.geometry));
  return {
    source: readThrough(source, (index, pixels) => {
      originals.set(index, pixels.slice());
    }),
    sink: {
      geometry,
      async write(frame) {
        const original = originals.get(frame.index) ?? new Uint8Array(frame.pixels.length);
        originals.delete(frame.index);
        for (let row = 0; row < geometry.height; row++) {
          const [from, to] = [row * rowBytes, (row + 1) * rowBytes];
          joined.set(original.subarray(from, to), 2 * from);
          joined.set(frame.pixels.subarray(from, to), 2 * from + rowBytes);
        }
        await sink.write({ ...frame, pixels: joined });
      },
      finish: () => sink.finish(),
      abort: () => sink.abort(),
    },
  };
}
