import { setTimeout as delay } from 'node:timers/promises';
import { concatMap, from, lastValueFrom, mergeMap, Observable, takeUntil, tap } from 'rxjs';
import { abortedError, isVidstyleError, messageOf, VidstyleError, type ErrorCode } from '../errors.js';
import type { SourceFrame } from '../media/frames.js';
import { FrameSlots, Owner, type Slot } from '../workers/frame-slots.js';
import { ProgressMeter, type Progress } from './progress.js';
import { reorder } from './reorder.js';
import type { FrameTime, PipelineOptions } from './options.js';
import type { Stage, TracedStage } from './trace.js';

interface Job {
  /** Counts what was pulled, from 0. */
  readonly sequence: number;
  readonly frame: FrameTime;
  readonly slot: Slot;
}

/** One run's frames on their way: source → slot → worker → order → sink. */
export class FrameFlow {
  readonly #options: PipelineOptions;
  readonly #signal: AbortSignal;
  readonly #slots: FrameSlots;
  readonly #meter: ProgressMeter;
  /** Calls into source, pool and sink that have not returned yet. */
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: PipelineOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#meter = new ProgressMeter(options.source.frameCountEstimate);
    this.#slots = new FrameSlots({
      count: options.slots ?? options.pool.workers + 2,
      inputGeometry: options.source.geometry,
      outputGeometry: options.pool.outputGeometry,
      masked: options.mask !== undefined,
    });
  }

  /** Resolves when the last frame is written; rejects with the first error, or as soon as the signal aborts. */
  async run(onProgress: (progress: Progress) => void): Promise<void> {
    // `from` pulls as fast as the generator yields; what holds it back is that `pull` waits for a free slot.
    const frames = from(this.#pull()).pipe(
      mergeMap((job) => this.#track(this.#process(job)), this.#slots.count),
      reorder((job) => job.sequence),
      concatMap((job) => this.#track(this.#write(job))),
      tap(onProgress),
      takeUntil(failsOnAbort(this.#signal)),
    );
    await lastValueFrom(frames, { defaultValue: undefined });
  }

  /** Ends what {@link run} left behind after an error, waiting up to `graceMs` for calls that have not returned. */
  async stop(reason: unknown, graceMs: number): Promise<void> {
    this.#slots.close(reason);
    const gaveUp = new AbortController();
    const allReturned = Promise.allSettled(this.#pending);
    await Promise.race([
      allReturned,
      delay(graceMs, undefined, { signal: gaveUp.signal }).catch(() => undefined),
    ]);
    gaveUp.abort();
  }

  async *#pull(): AsyncGenerator<Job> {
    const { source } = this.#options;
    const frames = source.frames(this.#signal);
    let ended = (): void => undefined;
    void this.#track(new Promise<void>((resolve) => (ended = resolve)));
    try {
      for (let sequence = 0; ; sequence += 1) {
        const slot = await this.#slots.acquire();
        const startMs = nowMs();
        const frame = await named('input', `Reading frame ${sequence}`, () => this.#read(frames, slot.input));
        if (!frame) {
          this.#slots.release(slot, Owner.source);
          return;
        }
        await this.#fillMask(frame, slot);
        this.#note('decode', frame.index, startMs, nowMs() - startMs);
        this.#slots.pass(slot, Owner.source, Owner.worker);
        yield { sequence, frame, slot };
      }
    } finally {
      await frames.return(undefined).catch(() => undefined);
      ended();
    }
  }

  /** Pulls a frame and copies its pixels; `undefined` at the end. */
  async #read(frames: AsyncGenerator<SourceFrame>, pixels: Uint8Array): Promise<FrameTime | undefined> {
    const next = await frames.next();
    if (next.done) return undefined;
    const { index, ptsTicks, durationTicks } = next.value;
    const startMs = nowMs();
    try {
      next.value.read(pixels);
    } finally {
      next.value.close();
    }
    this.#trace('toRgb', index, startMs);
    return { index, ptsTicks, durationTicks };
  }

  async #fillMask(frame: FrameTime, { mask: pixels }: Slot): Promise<void> {
    const { mask } = this.#options;
    if (!mask || !pixels) return;
    await named('input', `Masking frame ${frame.index}`, async () => mask.fill(frame, pixels));
  }

  async #process(job: Job): Promise<Job> {
    const { index } = job.frame;
    const timings = await this.#options.pool.run(job.slot, this.#slots.memory, index);
    const { startedAtMs, networkMs, composeMs, thread } = timings;
    this.#note('network', index, startedAtMs, networkMs, thread);
    this.#note('compose', index, startedAtMs + networkMs, composeMs, thread);
    this.#slots.pass(job.slot, Owner.worker, Owner.sink);
    return job;
  }

  async #write({ frame, slot }: Job): Promise<Progress> {
    const startMs = nowMs();
    const { sink } = this.#options;
    const onTaken = (): void => {
      this.#trace('fromRgb', frame.index, startMs);
    };
    await named('output', `Writing frame ${frame.index}`, () =>
      sink.write({ ...frame, pixels: slot.output, onTaken }),
    );
    this.#note('write', frame.index, startMs, nowMs() - startMs);
    this.#slots.release(slot, Owner.sink);
    return this.#meter.frameDone();
  }

  #note(stage: Stage, frame: number, startMs: number, durationMs: number, thread = 0): void {
    this.#meter.add(stage, durationMs);
    this.#trace(stage, frame, startMs, durationMs, thread);
  }

  #trace(
    stage: TracedStage,
    frame: number,
    startMs: number,
    durationMs = nowMs() - startMs,
    thread = 0,
  ): void {
    this.#options.trace?.add({ stage, frame, startMs, durationMs, thread });
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const forget = (): void => void this.#pending.delete(work);
    this.#pending.add(work);
    work.then(forget, forget);
    return work;
  }
}

function failsOnAbort(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const fail = (): void => {
      subscriber.error(abortedError(signal));
    };
    if (signal.aborted) fail();
    signal.addEventListener('abort', fail);
    return () => {
      signal.removeEventListener('abort', fail);
    };
  });
}

/** Gives a foreign error the stage's code and a sentence that says what was being done. */
async function named<T>(code: ErrorCode, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isVidstyleError(cause)) throw cause;
    throw new VidstyleError(code, `${doing} failed: ${messageOf(cause)}`, { cause });
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
