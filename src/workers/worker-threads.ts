import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SHARE_ENV } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { messageOf, VidstyleError } from '../errors.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './messages.js';
import { Seats } from './seats.js';
import { Shutdown } from './shutdown.js';

/** How long `process.exit` waits for native code. */
const exitGraceMs = 10_000;

/** The pool's threads: asks them, replaces those that die, and ends them without pulling memory from under a network. */
export class WorkerThreads {
  readonly #piscina: Piscina<WorkerRequest, WorkerReply>;
  readonly #running = new Set<Promise<WorkerReply>>();
  readonly #waiting = new Set<(reason: unknown) => void>();
  readonly #shutdown = new Shutdown();
  // Node ends the threads when the process exits, wherever they are.
  readonly #onExit = (): void => {
    this.#shutdown.request();
    this.#shutdown.waitUntilIdle(exitGraceMs);
  };
  #closing: Promise<void> | undefined;

  constructor(
    readonly count: number,
    setup: Omit<WorkerSetup, 'shutdown' | 'seats'>,
  ) {
    process.on('exit', this.#onExit);
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      minThreads: count,
      maxThreads: count,
      // Piscina's default blocks an idle worker's thread, and with it the timers of whatever the engine runs there.
      atomics: 'disabled',
      recordTiming: false,
      // What is set in a copy of the environment does not reach native libraries (TensorFlow's switches).
      env: SHARE_ENV,
      workerData: {
        ...setup,
        shutdown: this.#shutdown.memory,
        seats: Seats.create(count).memory,
      } satisfies WorkerSetup,
    });
    // A thread that dies between frames fails the next frame's first attempt; there is nothing else to do about it.
    this.#piscina.on('error', () => undefined);
  }

  /**
   * Asks whichever thread is free first. The end of that thread is a reply, too: `failed` with the code 'worker'.
   *
   * @throws VidstyleError 'aborted' as soon as {@link close} is called
   */
  ask(request: WorkerRequest): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      if (this.#closing) {
        reject(poolClosed());
        return;
      }
      this.#waiting.add(reject);
      void this.#post(request).then((reply) => {
        this.#waiting.delete(reject);
        resolve(reply);
      });
    });
  }

  /** Asks every thread. */
  askAll(request: WorkerRequest): Promise<WorkerReply[]> {
    // No thread takes a second question before it has answered the first.
    return Promise.all(Array.from({ length: this.count }, () => this.ask(request)));
  }

  /**
   * Lets the frames that threads are at end, closes the networks, then ends the threads: a thread that is ended in the
   * middle of a native call takes the process with it. Only after `graceMs` that is risked. Idempotent.
   */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#end(graceMs);
    return this.#closing;
  }

  async #end(graceMs: number): Promise<void> {
    this.#shutdown.request();
    for (const reject of this.#waiting) reject(poolClosed());
    this.#waiting.clear();
    const done = new AbortController();
    const patience = delay(graceMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([patience, this.#closeNetworks()]);
    done.abort();
    await this.#piscina.destroy();
    process.off('exit', this.#onExit);
  }

  async #closeNetworks(): Promise<void> {
    await Promise.all(this.#running);
    await Promise.all(Array.from({ length: this.count }, () => this.#post({ type: 'close' })));
  }

  /** Never rejects: the worker turns errors into replies, so what Piscina rejects with is the end of a thread. */
  #post(request: WorkerRequest): Promise<WorkerReply> {
    const work = this.#piscina.run(request).catch((cause: unknown): WorkerReply => ({
      type: 'failed',
      error: { code: 'worker', message: messageOf(cause), details: {} },
    }));
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
    return work;
  }
}

function poolClosed(): VidstyleError {
  return new VidstyleError('aborted', 'The worker pool was closed.');
}
