import { LiveInput, type LivePicture } from '../../src/media/live-input.js';
import { flashMs, numberBits } from './test-signal.js';

/** What was seen of one picture of a stream. */
export interface Seen {
  readonly timeMs: number;
  /** When it was decoded, by `performance.now()`. */
  readonly atMs: number;
  readonly width: number;
  readonly height: number;
  /** The number that the test signal wrote into it. */
  readonly number: number;
  readonly isFlash: boolean;
  /** Mean colour, 0..255. */
  readonly color: readonly [number, number, number];
}

/** Plays a stream of an RTMP server, as any viewer would, and keeps what it saw and heard. */
export class Watcher {
  readonly pictures: Seen[] = [];
  /** Stream times at which the sound became loud. */
  readonly onsetsMs: number[] = [];
  /** Stream times at which the sound's blocks began and how long they were. */
  readonly soundMs: { readonly timeMs: number; readonly lengthMs: number }[] = [];
  readonly #ended = new AbortController();
  #input: LiveInput | undefined;
  #done: Promise<void> = Promise.resolve();
  #wasLoud = false;
  #lastLoudMs = -Infinity;

  static async start(url: string): Promise<Watcher> {
    const watcher = new Watcher();
    const { signal } = watcher.#ended;
    const input = await LiveInput.open(url, { shownAs: 'the output', silenceMs: 10_000, signal });
    watcher.#input = input;
    watcher.#done = watcher.#run(input).catch(() => undefined);
    return watcher;
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#done;
    await this.#input?.close();
  }

  /** Waits until something is true of what was seen; fails loudly after a long time. */
  async until(isSo: (watcher: Watcher) => boolean, what: string, limitMs = 30_000): Promise<void> {
    await until(() => isSo(this), what, limitMs);
  }

  async #run(input: LiveInput): Promise<void> {
    await input.run({
      onArrival: () => {},
      onPicture: (picture) => {
        this.pictures.push(look(picture));
        picture.close();
      },
      onSound: ({ timeMs, left }) => {
        this.soundMs.push({ timeMs, lengthMs: left.length / 48 });
        for (const [index, sample] of left.entries()) {
          const atMs = timeMs + index / 48;
          if (Math.abs(sample) > 0.3) {
            if (!this.#wasLoud) this.onsetsMs.push(atMs);
            this.#wasLoud = true;
            this.#lastLoudMs = atMs;
          } else if (atMs - this.#lastLoudMs > 20) {
            this.#wasLoud = false;
          }
        }
      },
    });
  }
}

/** Waits for something that happens in another part of the process. */
export async function until(isSo: () => boolean, what: string, limitMs = 30_000): Promise<void> {
  const giveUpMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The largest interval between pictures, milliseconds; those that a viewer begins with do not count. */
export function largestInterval({ pictures }: Pick<Watcher, 'pictures'>): number {
  const times = pictures.slice(10).map(({ timeMs }) => timeMs);
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
}

/** The largest gap between blocks of sound, milliseconds. */
export function largestSoundGap({ soundMs }: Watcher): number {
  const gaps = soundMs.slice(1).map(({ timeMs }, i) => {
    const before = soundMs[i];
    return before ? timeMs - before.timeMs - before.lengthMs : 0;
  });
  return Math.max(...gaps.slice(5));
}

/**
 * How much later each beep is than the flash next to it, milliseconds, by the stream's own time stamps. Where the flash's first
 * picture was dropped, nothing tells when it would have shown.
 */
export function flashOffsets({ pictures, onsetsMs }: Pick<Watcher, 'pictures' | 'onsetsMs'>): number[] {
  const flashes = pictures
    .filter(({ isFlash, number }, i) => {
      const before = pictures[i - 1];
      return isFlash && before?.isFlash === false && before.number === number - 1;
    })
    .map(({ timeMs }) => timeMs);
  return flashes
    .map((flash) => nearest(onsetsMs, flash) - flash)
    .filter((offset) => Math.abs(offset) < 1000 - 2 * flashMs);
}

function nearest(times: readonly number[], to: number): number {
  return times.reduce((best, time) => (Math.abs(time - to) < Math.abs(best - to) ? time : best), Infinity);
}

function look(picture: LivePicture): Seen {
  const { width, height, timeMs } = picture;
  const pixels = new Uint8Array(width * height * 3);
  picture.read(pixels, { width, height, format: 'rgb8' });
  const field = width / numberBits;
  const row = Math.floor(height / 4);
  const lumas = Array.from({ length: numberBits }, (_, bit) =>
    lumaAt(pixels, width, Math.floor((bit + 0.5) * field), row),
  );
  const below = lumaAt(pixels, width, Math.floor(width / 2), Math.floor((3 * height) / 4));
  // Networks that normalise show a flat half as anything: the fields tell black from white, unless they are all alike.
  const isTold = Math.max(...lumas) - Math.min(...lumas) > 100;
  const extremes = isTold ? lumas : [...lumas, below];
  const middle = (Math.min(...extremes) + Math.max(...extremes)) / 2;
  const number = lumas.reduce((sum, luma, bit) => sum + (luma > middle ? 2 ** bit : 0), 0);
  return {
    timeMs,
    atMs: performance.now(),
    width,
    height,
    number,
    isFlash: below > middle,
    color: mean(pixels),
  };
}

function lumaAt(pixels: Uint8Array, width: number, x: number, y: number): number {
  const at = (y * width + x) * 3;
  return (pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0);
}

function mean(pixels: Uint8Array): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let at = 0; at < pixels.length; at += 3) {
    sums[0] += pixels[at] ?? 0;
    sums[1] += pixels[at + 1] ?? 0;
    sums[2] += pixels[at + 2] ?? 0;
  }
  const count = pixels.length / 3;
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}
