import { setTimeout as delay } from 'node:timers/promises';

/** Waits between attempts: half a second at first, twice as long each time, 8 seconds at most. */
export class BackOff {
  #nextMs = firstMs;

  /** An attempt has succeeded. */
  reset(): void {
    this.#nextMs = firstMs;
  }

  /** Waits before the next attempt; returns at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(2 * waitMs, longestMs);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Whether the signal has aborted; a call, as the compiler takes `signal.aborted` for unchanging between two looks. */
export function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

const firstMs = 500;
const longestMs = 8000;
