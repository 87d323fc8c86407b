/**
 * Gives each worker thread a number of its own, from 0, so that each takes another card. A thread that ends gives its
 * number back for the one that replaces it.
 */
export class Seats {
  readonly memory: SharedArrayBuffer;
  readonly #taken: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#taken = new Int32Array(memory);
  }

  static create(count: number): Seats {
    return new Seats(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
  }

  /** The lowest free number; the first where none is free (a thread that died could not give its own back). */
  take(): number {
    const free = this.#taken.findIndex((_, seat) => Atomics.compareExchange(this.#taken, seat, 0, 1) === 0);
    return Math.max(0, free);
  }

  giveBack(seat: number): void {
    Atomics.store(this.#taken, seat, 0);
  }
}
