/**
 * How the pool's threads come to an end without being stopped in the middle of native code, which takes the whole
 * process with it: the pool asks for it, the threads finish what they are at and begin nothing new.
 */
export class Shutdown {
  readonly memory: SharedArrayBuffer;
  /** Whether it was asked for, and how many threads are at work in native code. */
  readonly #state: Int32Array;

  constructor(memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  get requested(): boolean {
    return Atomics.load(this.#state, requested) === 1;
  }

  request(): void {
    Atomics.store(this.#state, requested, 1);
  }

  /** Does something that must not be interrupted. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    Atomics.add(this.#state, busy, 1);
    try {
      return await work();
    } finally {
      Atomics.sub(this.#state, busy, 1);
      Atomics.notify(this.#state, busy);
    }
  }

  /** Blocks this thread until nothing is guarded any more: for when the process exits, where nothing can be awaited. */
  waitUntilIdle(timeoutMs: number): void {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const atWork = Atomics.load(this.#state, busy);
      const remainingMs = deadline - performance.now();
      if (atWork === 0 || remainingMs <= 0) return;
      Atomics.wait(this.#state, busy, atWork, remainingMs);
    }
  }
}

const requested = 0;
const busy = 1;
