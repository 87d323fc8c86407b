import type { FrameGeometry } from '../media/frames.js';
import type { Look } from './network.js';

/** How a live stream is doing; rates are those of the last second. */
export interface LiveStatus {
  /** Seconds since the output began. */
  readonly seconds: number;
  readonly input: 'connected' | 'gone';
  /** `none`: only recorded, or shown in the console. */
  readonly output: 'connected' | 'gone' | 'none';
  readonly look: Look;
  readonly outputSize: Pick<FrameGeometry, 'width' | 'height'>;
  readonly workingSize: Pick<FrameGeometry, 'width' | 'height'>;
  readonly recording: boolean;
  readonly engine: string;
  readonly rates: LiveRates;
  readonly totals: LiveTotals;
}

/** What happened in the last second. */
export interface LiveRates {
  readonly sentFps: number;
  readonly restyledFps: number;
  readonly droppedFps: number;
  /** From a picture's arrival to its leaving, milliseconds; undefined while none arrives. */
  readonly delayMs: number | undefined;
  /** What a picture takes in the network. */
  readonly networkMs: number;
}

/** What happened since the beginning. */
export interface LiveTotals {
  readonly received: number;
  readonly restyled: number;
  readonly dropped: number;
  readonly failed: number;
  readonly sent: number;
  /** Pictures sent once more because the next one was late or the input was gone. */
  readonly repeated: number;
  readonly skipped: number;
  readonly inputConnections: number;
  readonly outputConnections: number;
}

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
