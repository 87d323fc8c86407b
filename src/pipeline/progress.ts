import type { Stage } from './trace.js';

/** How far a run is; one for every frame written. */
export interface Progress {
  readonly framesDone: number;
  /** What the source expects; `undefined` where it does not know. */
  readonly framesTotal: number | undefined;
  /** Frames per second over the last two seconds. */
  readonly fps: number;
  /** 0..100; `undefined` where the total is unknown. */
  readonly percent: number | undefined;
  /** Time left, judged by the pace so far; `undefined` where the total is unknown. */
  readonly etaMs: number | undefined;
  readonly elapsedMs: number;
  /** Mean milliseconds a frame spends in each stage. Stages overlap: the largest one sets the pace. */
  readonly stageMs: Readonly<Record<Stage, number>>;
}

const windowMs = 2000;

/** Counts frames and their stage times. */
export class ProgressMeter {
  readonly #framesTotal: number | undefined;
  readonly #startMs = performance.now();
  readonly #sums: Record<Stage, number> = { decode: 0, network: 0, compose: 0, write: 0 };
  // When each of the last frames was done; the oldest one is kept until it leaves the window.
  readonly #doneAtMs: number[] = [];
  #framesDone = 0;

  constructor(framesTotal: number | undefined) {
    this.#framesTotal = framesTotal;
  }

  add(stage: Stage, durationMs: number): void {
    this.#sums[stage] += durationMs;
  }

  frameDone(): Progress {
    this.#framesDone += 1;
    const now = performance.now();
    this.#doneAtMs.push(now);
    while ((this.#doneAtMs[1] ?? now) < now - windowMs) this.#doneAtMs.shift();
    return this.#snapshot(now);
  }

  #snapshot(now: number): Progress {
    const done = this.#framesDone;
    // An estimate that was passed is no estimate.
    const total = this.#framesTotal === undefined ? undefined : Math.max(this.#framesTotal, done);
    const elapsedMs = now - this.#startMs;
    const { decode, network, compose, write } = this.#sums;
    return {
      framesDone: done,
      framesTotal: total,
      fps: this.#recentFps(now, elapsedMs),
      percent: total === undefined ? undefined : (100 * done) / total,
      etaMs: total === undefined ? undefined : (elapsedMs / done) * (total - done),
      elapsedMs,
      stageMs: {
        decode: decode / done,
        network: network / done,
        compose: compose / done,
        write: write / done,
      },
    };
  }

  #recentFps(now: number, elapsedMs: number): number {
    const oldest = this.#doneAtMs[0] ?? now;
    const intervals = this.#doneAtMs.length - 1;
    return intervals > 0 ? (1000 * intervals) / (now - oldest) : (1000 * this.#framesDone) / elapsedMs;
  }
}
