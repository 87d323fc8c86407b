import type { FrameSource } from '../media/frames.js';
import { SteadyFilter } from './steady-filter.js';

/** A source whose frames come with what stands still held still, see {@link SteadyFilter}; they must be read in order. */
export function steadySource(source: FrameSource): FrameSource {
  const { geometry, frameCountEstimate } = source;
  return {
    geometry,
    frameCountEstimate,
    close: () => source.close(),
    async *frames(signal) {
      const filter = new SteadyFilter(geometry);
      for await (const frame of source.frames(signal)) {
        yield {
          index: frame.index,
          ptsTicks: frame.ptsTicks,
          durationTicks: frame.durationTicks,
          read(into) {
            frame.read(into);
            filter.apply(into);
          },
          close() {
            frame.close();
          },
        };
      }
    },
  };
}
