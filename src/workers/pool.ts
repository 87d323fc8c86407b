import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { EngineName, SessionOptions } from '../engines/engine.js';
import { engineModule } from '../engines/registry.js';
import { abortedError, fromErrorRecord, messageOf, VidstyleError, type ErrorRecord } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import type { ComposeOptions } from './compose.js';
import { Controls, type ControlValues } from './controls.js';
import type { Slot, SlotMemory } from './frame-slots.js';
import type { FrameTimings, OpenedReply, WorkerReply, WorkerRequest, WorkerSetup } from './messages.js';

export interface PoolOptions {
  /** An engine's name, or the URL of a module that exports one as `engine`. Default `onnxruntime`. */
  readonly engine?: EngineName | URL;
  /** `threads` defaults to the cores divided among the workers. */
  readonly session: SessionOptions;
  /** Worker threads, each with a session of its own; default 1, whose session uses every core. */
  readonly workers?: number;
  readonly compose?: ComposeOptions;
  /** How much of the result shows, 0..1; default 1. */
  readonly strength?: number;
  /** Called with what the user should know, such as a device that was not there; each text once. */
  readonly onNotice?: (notice: string) => void;
  readonly signal?: AbortSignal;
}

/** What the pipeline needs of a pool. */
export interface FrameProcessor {
  readonly outputGeometry: FrameGeometry;
  /** Frames that can be processed at once. */
  readonly workers: number;
  /** Turns the slot's input into its output. Rejects when the frame cannot be done. */
  run(slot: Slot, memory: SlotMemory, index: number): Promise<FrameTimings>;
  close(): Promise<void>;
}

/** Worker threads that run a network on frames in shared memory. */
export class WorkerPool implements FrameProcessor, AsyncDisposable {
  readonly workers: number;
  readonly #piscina: Piscina<WorkerRequest, WorkerReply>;
  readonly #controls: Controls;
  readonly #onNotice: (notice: string) => void;
  readonly #notices = new Set<string>();
  #opened: OpenedReply | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Starts the threads and opens the network in each.
   *
   * @throws VidstyleError 'model' or 'engine' when the network cannot be opened, 'aborted' by the signal.
   */
  static async start(options: PoolOptions): Promise<WorkerPool> {
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
    this.workers = options.workers ?? 1;
    this.#onNotice = options.onNotice ?? (() => undefined);
    this.#controls = Controls.create({ strength: options.strength ?? 1, style: options.session.style ?? [] });
    const threads = options.session.threads ?? Math.max(1, Math.floor(availableParallelism() / this.workers));
    const setup: WorkerSetup = {
      engineModule: moduleUrl(options.engine ?? 'onnxruntime'),
      session: { ...options.session, threads },
      compose: options.compose ?? {},
      controls: this.#controls.memory,
    };
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      minThreads: this.workers,
      maxThreads: this.workers,
      // Piscina's default blocks an idle worker's thread, and with it the timers of whatever the engine runs there.
      atomics: 'disabled',
      recordTiming: false,
      workerData: setup,
    });
    // A thread that dies between frames fails the next frame's first attempt; there is nothing else to do about it.
    this.#piscina.on('error', () => undefined);
  }

  get outputGeometry(): FrameGeometry {
    return this.#requireOpened().outputGeometry;
  }

  /** The engine's own words, such as `onnxruntime cpu, 2 threads`, and how many of them. */
  get description(): string {
    const { description } = this.#requireOpened();
    return this.workers === 1 ? description : `${this.workers} × ${description}`;
  }

  /**
   * Does one frame. A worker that dies or fails is replaced and the frame done again, once.
   *
   * @throws VidstyleError naming the frame and the cause when it failed twice; 'aborted' after {@link close}.
   */
  async run(slot: Slot, memory: SlotMemory, index: number): Promise<FrameTimings> {
    const request: WorkerRequest = { type: 'frame', index, slot: slot.number, memory };
    const first = await this.#ask(request);
    const reply = first.type === 'failed' ? await this.#ask(request) : first;
    if (reply.type === 'failed') throw failedTwice(index, reply.error);
    if (reply.type !== 'done') throw new Error(`unexpected reply ${reply.type}`);
    this.#announce(reply.notices);
    return reply.timings;
  }

  /** Mixes the styles of a conditional network anew, in every worker, from its next frame on. */
  setStyle(weights: readonly number[]): void {
    this.set({ style: weights });
  }

  /** Turns style or strength while frames run; takes effect on each worker's next frame. */
  set(change: Partial<ControlValues>): void {
    this.#controls.set(change);
  }

  /** Ends the threads, and with them the frames that still run. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#piscina.destroy();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.close();
    if (signal?.aborted) throw abortedError(signal);
    signal?.addEventListener('abort', stop);
    try {
      // One question per thread, as none takes a second before it has answered the first.
      const replies = await Promise.all(
        Array.from({ length: this.workers }, () => this.#ask({ type: 'open' })),
      );
      for (const reply of replies) {
        if (reply.type === 'failed') throw fromErrorRecord(reply.error);
        if (reply.type === 'opened') this.#opened = reply;
      }
      this.#announce(this.#requireOpened().notices);
    } catch (error) {
      if (signal?.aborted) throw abortedError(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async #ask(request: WorkerRequest): Promise<WorkerReply> {
    if (this.#closing) throw poolClosed();
    try {
      return await this.#piscina.run(request);
    } catch (cause) {
      if (this.#closing) throw poolClosed();
      // The worker turns errors into replies, so what arrives here is the end of its thread.
      return { type: 'failed', error: { code: 'worker', message: messageOf(cause), details: {} } };
    }
  }

  #announce(notices: readonly string[]): void {
    for (const notice of notices) {
      if (this.#notices.has(notice)) continue;
      this.#notices.add(notice);
      this.#onNotice(notice);
    }
  }

  #requireOpened(): OpenedReply {
    if (!this.#opened) throw new Error('the pool is not open');
    return this.#opened;
  }
}

function moduleUrl(engine: EngineName | URL): string {
  return typeof engine === 'string' ? engineModule(engine) : engine.href;
}

function failedTwice(frame: number, { code, message, details }: ErrorRecord): VidstyleError {
  const text = `Frame ${frame} failed twice: ${message}`;
  return new VidstyleError(code, text, { details: { ...details, frame, cause: message } });
}

function poolClosed(): VidstyleError {
  return new VidstyleError('aborted', 'The worker pool was closed.');
}
