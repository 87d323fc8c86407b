import type { SinkFrame } from '../../src/media/index.js';

/** A frame's number and times, without its methods. */
export function timesOf({
  index,
  ptsTicks,
  durationTicks,
}: Omit<SinkFrame, 'pixels'>): Omit<SinkFrame, 'pixels'> {
  return { index, ptsTicks, durationTicks };
}
