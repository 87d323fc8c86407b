import type { FrameSource } from '../media/frames.js';

/**
 * A source that hands on another's frames.
 *
 * @param onRead is given each frame's pixels where its reader has just had them written; it may change them
 */
export function readThrough(
  source: FrameSource,
  onRead: (index: number, pixels: Uint8Array) => void,
): FrameSource {
  const { geometry, frameCountEstimate } = source;
  return {
    geometry,
    frameCountEstimate,
    close: () => source.close(),
    async *frames(signal) {
      for await (const frame of source.frames(signal)) {
        yield {
          index: frame.index,
          ptsTicks: frame.ptsTicks,
          durationTicks: frame.durationTicks,
          read(into) {
            frame.read(into);
            onRead(frame.index, into);
          },
          close() {
            frame.close();
          },
        };
      }
    },
  };
}
