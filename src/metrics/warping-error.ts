import { VidstyleError } from '../errors.js';
import { warpByFlow, type Flow } from './flow.js';
import { peakOf, requireSameShape, type Raster } from './raster.js';

/**
 * Temporal stability of two consecutive frames (Lai et al. 2018, arXiv 1808.00449, section 4.3): the mean squared
 * difference between a frame and the next one warped back to it, over the pixels visible in both, on the 0..1 scale.
 * Lower is steadier. As in their code, a mask without a visible pixel gives 0.
 *
 * @param forward flow from `frame` to `next`, best taken from the unprocessed video.
 * @param visible 1 where a pixel of `frame` is visible in `next`, else 0 (`visibleMask`).
 * @throws VidstyleError `usage` if the frames, the flow and the mask differ in size
 */
export function warpingError(
  frame: Raster,
  next: Raster,
  forward: Flow,
  visible: Raster<Uint8Array>,
): number {
  requireSameShape(frame, next, 'The warping error');
  if (visible.width !== frame.width || visible.height !== frame.height || visible.channels !== 1) {
    throw new VidstyleError(
      'usage',
      'The mask of visible pixels needs the size of the frames and one channel.',
    );
  }
  const warped = warpByFlow(next, forward).data;
  const { channels, data } = frame;
  let sum = 0;
  let compared = 0;
  for (let i = 0; i < data.length; i++) {
    if (visible.data[Math.floor(i / channels)] === 0) continue;
    sum += ((warped[i] as number) - (data[i] as number)) ** 2;
    compared++;
  }
  return compared === 0 ? 0 : sum / compared / peakOf(data) ** 2;
}
