import { VidstyleError } from '../errors.js';

/** What can be changed while frames run. */
export interface ControlValues {
  /** How much of the result shows: 0 the input, 1 the result. */
  readonly strength: number;
  /** Take only the luma of the result and leave the input's colours. */
  readonly keepColors: boolean;
  /** Weights per style of a conditional network; empty for others. */
  readonly style: readonly number[];
}

/**
 * The knobs of a running pool, in memory that every worker sees: a turn takes effect on each worker's next frame, and a
 * replaced worker starts with the knobs as they stand. One thread writes, any number read.
 */
export class Controls {
  readonly memory: SharedArrayBuffer;
  // A sequence lock: odd while the writer is at work, so that no reader takes half of a change for the whole.
  readonly #sequence: Int32Array;
  readonly #values: Float32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#sequence = new Int32Array(memory, 0, 1);
    this.#values = new Float32Array(memory, Int32Array.BYTES_PER_ELEMENT);
  }

  static create(values: ControlValues): Controls {
    const controls = new Controls(new SharedArrayBuffer(12 + values.style.length * 4));
    controls.set(values);
    return controls;
  }

  /** Changes with every {@link set}: compare it to know whether to {@link read}. */
  get version(): number {
    return Atomics.load(this.#sequence, 0);
  }

  /** @throws VidstyleError 'usage' when the number of styles is not the network's. */
  set(change: Partial<ControlValues>): void {
    const styles = this.#values.length - 2;
    if (change.style && change.style.length !== styles) {
      throw new VidstyleError(
        'usage',
        `The network has ${styles} styles, but ${change.style.length} weights were given.`,
      );
    }
    Atomics.add(this.#sequence, 0, 1);
    if (change.strength !== undefined) this.#values[0] = change.strength;
    if (change.keepColors !== undefined) this.#values[1] = change.keepColors ? 1 : 0;
    if (change.style) this.#values.set(change.style, 2);
    Atomics.add(this.#sequence, 0, 1);
  }

  read(): ControlValues {
    for (;;) {
      const before = this.version;
      const [strength = 1, keepColors, ...style] = this.#values;
      if (before % 2 === 0 && before === this.version)
        return { strength, keepColors: keepColors === 1, style };
    }
  }
}
