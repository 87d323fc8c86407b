import { frameBytes, type FrameGeometry } from '../media/frames.js';
import { openPicture } from '../media/picture-source.js';
import type { ShownPicture } from './program.js';
import type { RestyledPicture } from './restyler.js';

/** What a {@link Screen} shows, and who hears of it. */
export interface ScreenOptions {
  /** The newest picture that is due at this time, once. */
  readonly take: (nowMs: number) => RestyledPicture | undefined;
  /** Shown while nothing comes in; default: the last picture is held. */
  readonly slate: ShownPicture | undefined;
  /** A picture leaves this long after its arrival. */
  readonly onDelay: (delayMs: number) => void;
}

/** Has a picture for every moment: one that is due, else the last one once more, or the slate while nothing comes in. */
export class Screen {
  /** Pictures shown once more because the next one was late or the input was gone. */
  repeated = 0;
  readonly #black: ShownPicture;
  #last: RestyledPicture | undefined;
  #lastFreshMs = -Infinity;

  constructor(
    size: Pick<FrameGeometry, 'width' | 'height'>,
    private readonly options: ScreenOptions,
  ) {
    const geometry = { width: size.width, height: size.height, format: 'rgb8' } as const;
    this.#black = { pixels: new Uint8Array(frameBytes(geometry)), geometry };
  }

  /** The picture for this time; its memory is good until the next call. */
  pictureAt(nowMs: number): ShownPicture {
    const fresh = this.options.take(nowMs);
    if (!fresh) return this.#standIn();
    this.#last?.release();
    this.#last = fresh;
    this.#lastFreshMs = performance.now();
    this.options.onDelay(this.#lastFreshMs - fresh.arrivedMs);
    return fresh;
  }

  #standIn(): ShownPicture {
    this.repeated += 1;
    const isGone = performance.now() - this.#lastFreshMs > slateAfterMs;
    const held = this.#last ?? this.#black;
    return isGone ? (this.options.slate ?? held) : held;
  }
}

const slateAfterMs = 2000;

/**
 * Reads a picture at the output's size.
 * @throws VidstyleError `input` for what is no picture
 */
export async function loadSlate(
  path: string,
  { width, height }: Pick<FrameGeometry, 'width' | 'height'>,
): Promise<ShownPicture> {
  const picture = await openPicture(path, { size: { width, height } });
  try {
    const pixels = new Uint8Array(frameBytes(picture.geometry));
    for await (const frame of picture.frames()) {
      frame.read(pixels);
      frame.close();
    }
    return { pixels, geometry: picture.geometry };
  } finally {
    await picture.close();
  }
}
