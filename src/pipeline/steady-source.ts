import type { FrameSource } from '../media/frames.js';
import { readThrough } from './read-through.js';
import { SteadyFilter } from './steady-filter.js';

/** A source whose frames come with what stands still held still, see {@link SteadyFilter}; they must be read in order. */
export function steadySource(source: FrameSource): FrameSource {
  const filter = new SteadyFilter(source.geometry);
  return readThrough(source, (_, pixels) => {
    filter.apply(pixels);
  });
}
