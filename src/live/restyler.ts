import { isVidstyleError, messageOf } from '../errors.js';
import type { LivePicture } from '../media/live-input.js';
import type { Network, RestyledPixels } from './network.js';
import type { Timeline } from './timeline.js';

/** A restyled picture that waits for its time. */
export interface RestyledPicture extends RestyledPixels {
  readonly dueMs: number;
  /** When the input's picture was decoded. */
  readonly arrivedMs: number;
}

/** What has happened so far; all of it only grows. */
export interface RestylerCounts {
  received: number;
  restyled: number;
  /** Left out because they would have come too late, or there was no room. */
  dropped: number;
  failed: number;
  /** Milliseconds that workers were at work, all together. */
  busyMs: number;
}

interface Waiting {
  readonly picture: LivePicture;
  readonly arrivedMs: number;
}

/**
 * Pictures on their way through the network. They wait before it, not behind it, so that a change of style shows at once;
 * when the network is too slow, the oldest waiting ones are dropped, so nothing ever queues up.
 */
export class Restyler {
  readonly counts: RestylerCounts = { received: 0, restyled: 0, dropped: 0, failed: 0, busyMs: 0 };
  readonly #waiting: Waiting[] = [];
  #finished: RestyledPicture[] = [];
  #running = 0;
  #typicalMs = 0;
  #failures = 0;
  /** The input's time from which on the next picture is wanted. */
  #nextMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private network: Network,
    private readonly timeline: Timeline,
    private readonly options: {
      readonly latencyMs: number;
      readonly intervalMs: number;
      /** Called when the network fails for good. */
      readonly onBroken: (reason: string) => void;
    },
  ) {}

  /** What a picture takes, milliseconds: the recent mean and some of its spread. */
  get networkMs(): number {
    return this.#typicalMs;
  }

  /** How many pictures wait before and behind the network. */
  get waiting(): number {
    return this.#waiting.length + this.#finished.length;
  }

  /** Another network takes over from the next picture on; returns the former one, which the caller closes. */
  exchange(network: Network): Network {
    const former = this.network;
    this.network = network;
    this.#running = 0;
    this.#typicalMs = 0;
    this.#failures = 0;
    this.#pump();
    return former;
  }

  push(picture: LivePicture): void {
    if (this.#closed || !this.#isWanted(picture.timeMs)) {
      picture.close();
      return;
    }
    this.counts.received += 1;
    this.#waiting.push({ picture, arrivedMs: performance.now() });
    const { latencyMs, intervalMs } = this.options;
    while (this.#waiting.length > latencyMs / intervalMs + spareWaiting) this.#dropOldest();
    this.#pump();
  }

  /** The newest picture that is due; older ones are given back. */
  take(nowMs: number): RestyledPicture | undefined {
    const due = this.#finished.filter(({ dueMs }) => dueMs <= nowMs);
    this.#finished = this.#finished.filter(({ dueMs }) => dueMs > nowMs);
    const newest = due.pop();
    for (const passed of due) passed.release();
    this.#pump();
    return newest;
  }

  /** Forgets what waits: the input begins anew. */
  clear(): void {
    for (const { picture } of this.#waiting.splice(0)) picture.close();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.clear();
    for (const picture of this.#finished.splice(0)) picture.release();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (!this.#closed && this.#running < this.network.workers && this.network.hasRoom) {
      const nowMs = performance.now();
      while (this.#waiting.length > 1 && this.#dueMs(0) < nowMs + this.#typicalMs) this.#dropOldest();
      if (this.#waiting.length === 0) return;
      const earlyMs = this.#dueMs(0) - this.#leadMs - nowMs;
      if (earlyMs > 1) {
        this.#timer = setTimeout(() => this.#pump(), earlyMs);
        return;
      }
      const head = this.#waiting.shift();
      if (head) void this.#process(head);
    }
  }

  /** How long before its time a picture enters the network: its usual time and half as much, and one picture more. */
  get #leadMs(): number {
    const { latencyMs, intervalMs } = this.options;
    return Math.min(latencyMs, 1.5 * this.#typicalMs + intervalMs + 10);
  }

  #dueMs(place: number): number {
    const waiting = this.#waiting[place];
    return (waiting && this.timeline.dueMs(waiting.picture.timeMs)) ?? Infinity;
  }

  async #process({ picture, arrivedMs }: Waiting): Promise<void> {
    const { network } = this;
    const { timeMs } = picture;
    const startedMs = performance.now();
    this.#running += 1;
    try {
      const result = await network.run(picture);
      const tookMs = performance.now() - startedMs;
      this.counts.busyMs += tookMs;
      if (network === this.network) this.#learn(tookMs);
      this.#finish({ ...result, arrivedMs, dueMs: this.timeline.dueMs(timeMs) ?? startedMs });
    } catch (error) {
      this.#fail(error, network);
    } finally {
      if (network === this.network) this.#running -= 1;
      this.#pump();
    }
  }

  #finish(picture: RestyledPicture): void {
    if (this.#closed) {
      picture.release();
      return;
    }
    this.counts.restyled += 1;
    this.#failures = 0;
    this.#finished.push(picture);
    this.#finished.sort((a, b) => a.dueMs - b.dueMs);
  }

  #fail(error: unknown, network: Network): void {
    if (isVidstyleError(error) && error.code === 'aborted') return;
    this.counts.failed += 1;
    this.#failures += 1;
    if (this.#failures === mostFailures && network === this.network) this.options.onBroken(messageOf(error));
  }

  /** Rises quickly and falls slowly, so that one slow picture is allowed for and one quick one does not deceive. */
  #learn(tookMs: number): void {
    if (this.#typicalMs === 0) this.#typicalMs = tookMs;
    else this.#typicalMs += (tookMs > this.#typicalMs ? 0.25 : 0.05) * (tookMs - this.#typicalMs);
  }

  /** Of an input with more pictures a second than the output, only as many as the output has are worked on. */
  #isWanted(timeMs: number): boolean {
    const { intervalMs } = this.options;
    const early = this.#nextMs - timeMs;
    if (early > 0.3 * intervalMs && early < intervalMs) return false;
    this.#nextMs = (Math.abs(early) < intervalMs ? this.#nextMs : timeMs) + intervalMs;
    return true;
  }

  #dropOldest(): void {
    this.#waiting.shift()?.picture.close();
    this.counts.dropped += 1;
  }
}

/** Pictures that may wait beyond those of the delay, as when a server sends a burst; decoded pictures are not small. */
const spareWaiting = 15;
/** Pictures that fail one after the other before the network is opened anew. */
const mostFailures = 3;
