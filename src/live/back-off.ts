import { setTimeout as delay } from 'node:timers/promises';

/** What time it is, and how time passes. */
export interface Clock {
  /** Only differences count. */
  nowMs(): number;
  /** Resolves after this time, or at once when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const machineClock: Clock = {
  nowMs: () => performance.now(),
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

/** Waits between attempts: half a second at first, twice as long each time, 8 seconds at most. */
export class BackOff {
  #nextMs = firstMs;

  constructor(readonly clock: Clock = machineClock) {}

  /** An attempt has succeeded. */
  reset(): void {
    this.#nextMs = firstMs;
  }

  /** What an attempt brought at this time has ended: it was a success if it stood for long enough. */
  ended(sinceMs: number): void {
    if (this.clock.nowMs() - sinceMs > steadyMs) this.reset();
  }

  /** Waits before the next attempt; returns at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(2 * waitMs, longestMs);
    await this.clock.wait(waitMs, signal);
  }
}

/** Whether the signal has aborted; a call, as the compiler takes `signal.aborted` for unchanging between two looks. */
export function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

const firstMs = 500;
const longestMs = 8000;
/** What has stood for this long has succeeded. */
const steadyMs = 5000;
