import type { RestylerCounts } from './restyler.js';

/** What to do about the mode that pictures are restyled in. */
export type ModeAdvice = 'quicker' | 'better' | 'keep';

/** What has to be known of a mode and its neighbours. */
export interface ModeFacts {
  /** How many pictures the network can do at a time. */
  readonly workers: number;
  /** How many times as loaded the machine would be in the next better mode; `undefined` in the best one. */
  readonly growth: number | undefined;
  /** Whether the next quicker mode works at the same size, so that nobody sees the difference. */
  readonly isQuickerUnseen: boolean;
}

/**
 * Watches how the network keeps up: it advises a quicker mode as soon as pictures are dropped for some seconds, and a better
 * one when that one's work would fit. A better mode that failed is tried less and less often.
 */
export class ModeAdvisor {
  #overloaded = 0;
  #relaxed = 0;
  #patience = firstPatience;
  #last: RestylerCounts | undefined;
  #tried = false;

  /**
   * To be called once a second.
   *
   * @param counts how the restyler has done so far
   */
  advise(counts: RestylerCounts, { workers, growth, isQuickerUnseen }: ModeFacts): ModeAdvice {
    const last = this.#last ?? counts;
    this.#last = { ...counts };
    const received = counts.received - last.received;
    if (received < fewestPictures) return 'keep';
    const dropped = (counts.dropped - last.dropped) / received;
    const load = (counts.busyMs - last.busyMs) / (1000 * workers);
    // A smaller size is seen, a few dropped pictures hardly; where nothing is lost by it, none need be dropped.
    const isFull = isQuickerUnseen && dropped > 0 && load > nearlyFullLoad;
    this.#overloaded = dropped > tolerableDrops || isFull ? this.#overloaded + 1 : 0;
    const wouldFit = growth !== undefined && dropped === 0 && load * growth < fullLoad;
    this.#relaxed = wouldFit ? this.#relaxed + 1 : 0;
    if (this.#overloaded >= secondsOverloaded) return this.#step('quicker');
    if (this.#relaxed >= this.#patience) return this.#step('better');
    return 'keep';
  }

  #step(advice: 'quicker' | 'better'): ModeAdvice {
    if (advice === 'quicker' && this.#tried) this.#patience = Math.min(this.#patience * 2, longestPatience);
    this.#tried = advice === 'better';
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
const nearlyFullLoad = 0.9;
const firstPatience = 10;
const longestPatience = 300;
