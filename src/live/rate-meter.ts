import type { LiveRates, LiveTotals } from './status.js';

/** Makes rates of totals that are read now and then. */
export class RateMeter {
  #last: { readonly totals: LiveTotals; readonly atMs: number } | undefined;
  #delays: number[] = [];
  #rates: LiveRates = { sentFps: 0, restyledFps: 0, droppedFps: 0, delayMs: undefined, networkMs: 0 };

  get rates(): LiveRates {
    return this.#rates;
  }

  /** A picture leaves this long after its arrival. */
  addDelay(delayMs: number): void {
    this.#delays.push(delayMs);
  }

  /** To be called about once a second. */
  update(totals: LiveTotals, networkMs: number): void {
    const atMs = performance.now();
    const last = this.#last ?? { totals, atMs };
    const seconds = Math.max((atMs - last.atMs) / 1000, 0.001);
    const delays = this.#delays.splice(0);
    const delayMs =
      delays.length > 0 ? delays.reduce((sum, delay) => sum + delay, 0) / delays.length : undefined;
    this.#rates = {
      sentFps: (totals.sent - last.totals.sent) / seconds,
      restyledFps: (totals.restyled - last.totals.restyled) / seconds,
      droppedFps: (totals.dropped - last.totals.dropped) / seconds,
      delayMs,
      networkMs,
    };
    this.#last = { totals, atMs };
  }
}
