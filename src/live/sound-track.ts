import { liveSampleRate, type SoundBlock } from '../media/live-sound.js';

/**
 * Sound on the output's time: blocks are laid where they are due, and whoever takes a stretch gets silence where nothing
 * lies. Blocks that follow each other within the tolerance are joined without a seam.
 */
export class SoundTrack {
  readonly #left = new Float32Array(capacity);
  readonly #right = new Float32Array(capacity);
  /** The first sample that has not been taken yet. */
  #taken = 0;
  /** Where the last block ended. */
  #end = 0;

  /** Lays a block so that its first sample is heard at `dueMs` of the output's time. */
  lay({ left, right }: Pick<SoundBlock, 'left' | 'right'>, dueMs: number): void {
    const due = Math.round((dueMs / 1000) * liveSampleRate);
    const start = Math.abs(due - this.#end) < tolerance ? this.#end : due;
    const end = Math.min(start + left.length, this.#taken + capacity);
    for (let at = Math.max(start, this.#taken); at < end; at += 1) {
      this.#left[at % capacity] = left[at - start] ?? 0;
      this.#right[at % capacity] = right[at - start] ?? 0;
    }
    this.#end = start + left.length;
  }

  /** The next `count` samples, and the place of the first. */
  take(count: number): {
    readonly left: Float32Array;
    readonly right: Float32Array;
    readonly position: number;
  } {
    const left = new Float32Array(count);
    const right = new Float32Array(count);
    const position = this.#taken;
    for (let i = 0; i < count; i += 1) {
      const at = (position + i) % capacity;
      left[i] = this.#left[at] ?? 0;
      right[i] = this.#right[at] ?? 0;
      this.#left[at] = 0;
      this.#right[at] = 0;
    }
    this.#taken += count;
    return { left, right, position };
  }

  /** The time of the next sample to be taken, milliseconds. */
  get takenMs(): number {
    return (this.#taken / liveSampleRate) * 1000;
  }

  /** Leaves a stretch out, after a pause of the whole machine. */
  skipTo(timeMs: number): void {
    const target = Math.round((timeMs / 1000) * liveSampleRate);
    if (target - this.#taken > capacity) {
      this.#left.fill(0);
      this.#right.fill(0);
      this.#taken = target;
    } else if (target > this.#taken) {
      this.take(target - this.#taken);
    }
  }
}

/** What the longest delay needs, and some. */
const capacity = liveSampleRate * 16;
/** 10 ms: less than anyone hears, and more than time stamps of whole milliseconds waver. */
const tolerance = liveSampleRate / 100;
