/**
 * When a live input's pictures and sounds are due on this machine's clock: one mapping for both, so that they stay
 * together whatever happens.
 *
 * The base is the smallest difference seen between arrival and time stamp: the packet that the network delayed least. It
 * follows the sender's clock, which runs a little faster or slower than ours, by at most 1 ms a second; after a
 * leap (the sender began anew, or paused) it starts afresh.
 */
export class Timeline {
  readonly #latencyMs: number;
  #baseMs: number | undefined;
  #window: Window | undefined;
  /** Windows in a row whose smallest difference was far above the base. */
  #farWindows = 0;

  /** @param latencyMs how long after the quickest packet's arrival its content is due */
  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /** A packet of this time stamp has arrived. */
  arrived(nowMs: number, inputMs: number): void {
    const differenceMs = nowMs - inputMs;
    if (this.#baseMs === undefined || Math.abs(differenceMs - this.#baseMs) > leapMs) {
      this.#baseMs = differenceMs;
      this.#window = undefined;
      this.#farWindows = 0;
    }
    this.#baseMs = Math.min(this.#baseMs, differenceMs);
    this.#window ??= { endsAtMs: nowMs + windowMs, smallestMs: differenceMs };
    this.#window.smallestMs = Math.min(this.#window.smallestMs, differenceMs);
    if (nowMs < this.#window.endsAtMs) return;
    this.#follow(this.#window.smallestMs, this.#baseMs);
    this.#window = undefined;
  }

  /** When, on this machine's clock, what bears this time stamp is due; `undefined` before anything arrived. */
  dueMs(inputMs: number): number | undefined {
    return this.#baseMs === undefined ? undefined : inputMs + this.#baseMs + this.#latencyMs;
  }

  /** Forgets the input's clock: another connection begins. */
  reset(): void {
    this.#baseMs = undefined;
    this.#window = undefined;
    this.#farWindows = 0;
  }

  #follow(smallestMs: number, baseMs: number): void {
    const behindMs = smallestMs - baseMs;
    this.#farWindows = behindMs > farMs ? this.#farWindows + 1 : 0;
    if (this.#farWindows >= 2) this.#baseMs = smallestMs;
    else this.#baseMs = baseMs + Math.min(behindMs, slewMs);
  }
}

interface Window {
  readonly endsAtMs: number;
  smallestMs: number;
}

const windowMs = 2000;
/** Per window. */
const slewMs = 2;
const farMs = 40;
const leapMs = 3000;
