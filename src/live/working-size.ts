import type { FrameGeometry } from '../media/frames.js';
import type { RestylerCounts } from './restyler.js';

/** What to do about the size that pictures are restyled at. */
export type SizeAdvice = 'smaller' | 'larger' | 'keep';

/** The working sizes of an output: the whole, and three smaller ones. Sides are multiples of 4, as networks like them. */
export function workingSizes({ width, height }: Pick<FrameGeometry, 'width' | 'height'>): FrameGeometry[] {
  return scales.map((scale) => ({
    width: scale === 1 ? width : toFours(width * scale),
    height: scale === 1 ? height : toFours(height * scale),
    format: 'rgb8',
  }));
}

const scales = [1, 0.75, 0.5, 0.375] as const;

function toFours(side: number): number {
  return Math.max(16, 4 * Math.round(side / 4));
}

/**
 * Watches how the network keeps up: it advises a smaller size as soon as pictures are dropped for some seconds, and a larger
 * one when that size's work would fit, judged by the pixels. A larger size that failed is tried less and less often.
 */
export class SizeAdvisor {
  #overloaded = 0;
  #relaxed = 0;
  #patience = firstPatience;
  #last: RestylerCounts | undefined;
  #tried = false;

  /**
   * To be called once a second.
   *
   * @param counts how the restyler has done so far
   * @param workers how many pictures the network can do at a time
   * @param growth how many times the pixels of the next larger size are this one's; `undefined` at the largest
   */
  advise(counts: RestylerCounts, workers: number, growth: number | undefined): SizeAdvice {
    const last = this.#last ?? counts;
    this.#last = { ...counts };
    const received = counts.received - last.received;
    if (received < fewestPictures) return 'keep';
    const dropped = (counts.dropped - last.dropped) / received;
    const load = (counts.busyMs - last.busyMs) / (1000 * workers);
    this.#overloaded = dropped > tolerableDrops ? this.#overloaded + 1 : 0;
    const wouldFit = growth !== undefined && dropped === 0 && load * growth < fullLoad;
    this.#relaxed = wouldFit ? this.#relaxed + 1 : 0;
    if (this.#overloaded >= secondsOverloaded) return this.#step('smaller');
    if (this.#relaxed >= this.#patience) return this.#step('larger');
    return 'keep';
  }

  #step(advice: 'smaller' | 'larger'): SizeAdvice {
    if (advice === 'smaller' && this.#tried) this.#patience = Math.min(this.#patience * 2, longestPatience);
    this.#tried = advice === 'larger';
    this.#overloaded = 0;
    this.#relaxed = 0;
    return advice;
  }
}

/** Below this, a second says nothing. */
const fewestPictures = 5;
const tolerableDrops = 0.1;
const secondsOverloaded = 3;
const fullLoad = 0.75;
const firstPatience = 10;
const longestPatience = 300;
