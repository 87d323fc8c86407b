import type { EngineName, SessionOptions } from '../engines/engine.js';
import { engineModule } from '../engines/registry.js';
import { abortedError, fromErrorRecord, VidstyleError, type ErrorRecord } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import type { ComposeOptions } from './compose.js';
import { Controls, type ControlValues } from './controls.js';
import type { Slot, SlotMemory } from './frame-slots.js';
import type { FrameTimings, OpenedReply, WorkerReply, WorkerRequest } from './messages.js';
import { divideCores } from './parallelism.js';
import { WorkerThreads } from './worker-threads.js';

/** What a pool runs, and on how many threads. */
export interface PoolOptions {
  /** An engine's name, or the URL of a module that exports one as `engine`. Default `onnxruntime`. */
  readonly engine?: EngineName | URL;
  /**
   * `threads` default to the cores divided among the workers (see `divideCores`). `device` may be a list such as `cuda:0,cuda:1`: each worker
   * takes the next one.
   */
  readonly session: Omit<SessionOptions, 'stopped'>;
  /** Worker threads, each with a session of its own; default one a device, on the CPU by cores and frame size. */
  readonly workers?: number;
  readonly compose?: ComposeOptions;
  /** How much of the result shows, 0..1; default 1. */
  readonly strength?: number;
  /** Called with what the user should know, such as a device that was not there; each text once. */
  readonly onNotice?: (notice: string) => void;
  readonly signal?: AbortSignal;
  /** How long closing waits for a frame that a network is at before it ends the thread; default 60000. */
  readonly closeGraceMs?: number;
}

/** What the pipeline needs of a pool. */
export interface FrameProcessor {
  readonly outputGeometry: FrameGeometry;
  /** Frames that can be processed at once. */
  readonly workers: number;
  /** Turns the slot's input into its output. Rejects when the frame cannot be done. */
  run(slot: Slot, memory: SlotMemory, index: number): Promise<FrameTimings>;
  /** Ends the workers; idempotent. */
  close(): Promise<void>;
}

/** Worker threads that run a network on frames in shared memory. */
export class WorkerPool implements FrameProcessor, AsyncDisposable {
  /** What runs the network. */
  readonly engine: EngineName | URL;
  readonly workers: number;
  readonly #threads: WorkerThreads;
  readonly #controls: Controls;
  readonly #closeGraceMs: number;
  readonly #onNotice: (notice: string) => void;
  readonly #notices = new Set<string>();
  #opened: readonly OpenedReply[] = [];

  /**
   * Starts the threads and opens the network in each.
   *
   * @throws VidstyleError 'model' or 'engine' when the network cannot be opened, 'aborted' by the signal.
   */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    if (options.signal?.aborted) throw abortedError(options.signal);
    const pool = new WorkerPool(options);
    try {
      await pool.#open(options.signal);
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  private constructor(options: PoolOptions) {
    const devices = options.session.device?.split(',').map((device) => device.trim()) ?? [];
    this.engine = options.engine ?? 'onnxruntime';
    const { geometry, threads: wished } = options.session;
    const { workers, threads } = divideCores({
      geometry,
      workers: options.workers,
      threads: wished,
      devices,
    });
    this.workers = workers;
    this.#onNotice = options.onNotice ?? (() => undefined);
    this.#closeGraceMs = options.closeGraceMs ?? 60_000;
    this.#controls = Controls.create({
      strength: options.strength ?? 1,
      keepColors: options.compose?.keepColors ?? false,
      style: options.session.style ?? [],
    });
    this.#threads = new WorkerThreads(this.workers, {
      engineModule: moduleUrl(this.engine),
      session: { ...options.session, threads },
      devices,
      matchHistogram: options.compose?.matchHistogram ?? false,
      controls: this.#controls.memory,
    });
  }

  /** The size of results. */
  get outputGeometry(): FrameGeometry {
    return this.#firstOpened().outputGeometry;
  }

  /** The engine's own words, such as `onnxruntime cpu, 2 threads`, and how many of them. */
  get description(): string {
    const all = this.#opened.map(({ description }) => description);
    const counts = [...new Set(all)].map(
      (one) => [one, all.filter((other) => other === one).length] as const,
    );
    return counts.map(([one, count]) => (count === 1 ? one : `${count} × ${one}`)).join(' + ');
  }

  /**
   * Does one frame. A worker that dies or fails is replaced and the frame done again, once.
   *
   * @throws VidstyleError naming the frame and the cause when it failed twice; 'aborted' after {@link close}.
   */
  async run(slot: Slot, memory: SlotMemory, index: number): Promise<FrameTimings> {
    const request: WorkerRequest = { type: 'frame', index, slot: slot.number, memory };
    const first = await this.#threads.ask(request);
    const reply = first.type === 'failed' ? await this.#threads.ask(request) : first;
    if (reply.type === 'failed') throw failedTwice(index, reply.error);
    if (reply.type !== 'done') throw unexpected(reply);
    this.#announce(reply.notices);
    return reply.timings;
  }

  /** Mixes the styles of a conditional network anew, in every worker, from its next frame on. */
  setStyle(weights: readonly number[]): void {
    this.set({ style: weights });
  }

  /** Turns style, strength or kept colours while frames run; takes effect on each worker's next frame. */
  set(change: Partial<ControlValues>): void {
    this.#controls.set(change);
  }

  /** Rejects what is asked of the pool, lets running frames come to their end and ends the threads. Idempotent. */
  close(): Promise<void> {
    return this.#threads.close(this.#closeGraceMs);
  }

  /** Closes the pool. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.close();
    signal?.addEventListener('abort', stop);
    try {
      for (const reply of await this.#threads.askAll({ type: 'open' })) {
        if (reply.type === 'failed') throw fromErrorRecord(reply.error);
        if (reply.type !== 'opened') throw unexpected(reply);
        this.#opened = [...this.#opened, reply];
        this.#announce(reply.notices);
      }
    } catch (error) {
      throw signal?.aborted ? abortedError(signal) : error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #announce(notices: readonly string[]): void {
    for (const notice of notices) {
      if (this.#notices.has(notice)) continue;
      this.#notices.add(notice);
      this.#onNotice(notice);
    }
  }

  #firstOpened(): OpenedReply {
    const [first] = this.#opened;
    if (!first) throw new Error('the pool is not open');
    return first;
  }
}

function moduleUrl(engine: EngineName | URL): string {
  return typeof engine === 'string' ? engineModule(engine) : engine.href;
}

function failedTwice(frame: number, { code, message, details }: ErrorRecord): VidstyleError {
  const text = `Frame ${frame} failed twice: ${message}`;
  return new VidstyleError(code, text, { details: { ...details, frame, cause: message } });
}

function unexpected(reply: WorkerReply): Error {
  return new Error(`unexpected reply ${reply.type}`);
}
