import { median } from '../src/evaluate/spread.js';
import { flashOffsets, type Watcher } from '../test/live/watcher.js';

/** A clock that was read wrongly says anything. */
const mostBelievableMs = 5000;
/** A flash and its beep lie closer together. */
const togetherMs = 1500;

/** How often each whole number came, up to {@link mostBelievableMs}. */
class Counted {
  readonly #counts = new Uint32Array(mostBelievableMs);
  total = 0;

  add(value: number): void {
    if (!(value > 0 && value < mostBelievableMs)) return;
    const place = Math.min(mostBelievableMs - 1, Math.round(value));
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.total += 1;
  }

  quantile(share: number): number {
    let left = share * this.total;
    const found = this.#counts.findIndex((count) => (left -= count) < 0);
    return found < 0 ? NaN : found;
  }
}

/** What a viewer of the output saw. What has been counted is let go: hours of watching take no more memory than minutes. */
export class ViewerTally {
  readonly delays = new Counted();
  pictures = 0;
  /** How long after its flash each beep was, in the minute that was counted first and last. */
  firstOffsets: readonly number[] = [];
  lastOffsets: readonly number[] = [];
  farthestMs = 0;

  constructor(
    private readonly watcher: Watcher,
    private readonly sentAt: Map<number, number>,
  ) {}

  /** Counts what has come since the last time; to be called every minute, and with `isLast` at the end. */
  count(isLast = false): void {
    const { pictures, onsetsMs, soundMs } = this.watcher;
    const cutMs = (pictures.at(-1)?.timeMs ?? 0) - (isLast ? 0 : togetherMs);
    const later = pictures.findIndex(({ timeMs }) => timeMs > cutMs);
    const ripe = pictures.slice(0, later < 0 ? pictures.length : later);
    // The first one was the last one of those before: it tells whether a flash begins behind it.
    const fresh = this.pictures === 0 ? ripe : ripe.slice(1);
    for (const { number, atMs } of fresh) this.delays.add(atMs - (this.sentAt.get(number) ?? NaN));
    this.pictures += fresh.length;
    this.lastOffsets = flashOffsets({ pictures: ripe, onsetsMs });
    if (this.firstOffsets.length === 0) this.firstOffsets = this.lastOffsets;
    this.farthestMs = Math.max(this.farthestMs, ...this.lastOffsets.map(Math.abs));
    pictures.splice(0, Math.max(0, ripe.length - 1));
    const heard = onsetsMs.findIndex((onsetMs) => onsetMs > cutMs - togetherMs);
    onsetsMs.splice(0, heard < 0 ? onsetsMs.length : heard);
    soundMs.length = 0;
    const forgottenMs = performance.now() - 2 * mostBelievableMs;
    for (const [number, sentMs] of this.sentAt) if (sentMs < forgottenMs) this.sentAt.delete(number);
  }
}

/** A process's memory by the second, in bytes: what is kept of it is sums, and one minute's samples. */
export class MemoryTally {
  largest = 0;
  first = NaN;
  last = NaN;
  #seconds = 0;
  #minute: number[] = [];
  /** Sums over the samples that the line is laid through, times in minutes. */
  #n = 0;
  #t = 0;
  #tt = 0;
  #m = 0;
  #tm = 0;

  /** @param settlesFor seconds that the line leaves out: caches fill, the allocator finds its size */
  constructor(private readonly settlesFor: number) {}

  add(bytes: number): void {
    this.#seconds += 1;
    this.#minute.push(bytes);
    this.largest = Math.max(this.largest, bytes);
    if (this.#seconds <= this.settlesFor) return;
    const time = this.#seconds / 60;
    this.#n += 1;
    this.#t += time;
    this.#tt += time * time;
    this.#m += bytes;
    this.#tm += time * bytes;
  }

  /** A minute is over: returns the memory that was typical of it. */
  endMinute(): number {
    this.last = median(this.#minute);
    if (Number.isNaN(this.first)) this.first = this.last;
    this.#minute = [];
    return this.last;
  }

  /** Of the line of least squares through the samples, bytes a minute. */
  get slope(): number {
    return (this.#n * this.#tm - this.#t * this.#m) / (this.#n * this.#tt - this.#t ** 2);
  }
}
