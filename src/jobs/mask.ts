import { VidstyleError } from '../errors.js';
import {
  openVideo,
  sniffPicture,
  ticksToSeconds,
  type FrameGeometry,
  type VideoSource,
} from '../media/index.js';
import type { SourceFrame } from '../media/frames.js';
import { loadSharp } from '../media/sharp.js';
import type { FrameTime, MaskSource } from '../pipeline/options.js';

/** The clock of the frames that a mask is for: seconds since the start of what is read. */
export type SecondsOf = (frame: FrameTime) => number;

/**
 * Opens a mask: white where the style shows, black where the input stays. A picture holds for all frames; of a video, the
 * picture that shows at a frame's time does, and its last one holds to the end.
 *
 * @throws VidstyleError `input` if it is neither picture nor video
 */
export async function openMask(
  path: string,
  geometry: FrameGeometry,
  secondsOf: SecondsOf,
  signal?: AbortSignal,
): Promise<MaskSource> {
  const { width, height } = geometry;
  if ((await sniffPicture(path)) === undefined) {
    return new VideoMask(await openVideo(path, { size: { width, height }, signal }), secondsOf);
  }
  const sharp = await loadSharp();
  const pixels = await sharp(path)
    .rotate()
    .flatten({ background: '#000' })
    .resize(width, height, { fit: 'fill' })
    .toColourspace('b-w')
    .raw()
    .toBuffer()
    .catch((cause: unknown) => {
      throw new VidstyleError('input', `The mask "${path}" cannot be read as a picture.`, { cause });
    });
  return {
    fill: (_, into) => {
      into.set(pixels);
    },
  };
}

/** The left part of the picture stays as it is, the right part is restyled: `--compare split`. */
export function splitMask({ width }: FrameGeometry): MaskSource {
  return {
    fill: (_, into) => {
      for (let start = 0; start < into.length; start += width)
        into.fill(255, start + (width >> 1), start + width);
    },
  };
}

/** Shows the style where both masks do. */
export function intersect(a: MaskSource, b: MaskSource): MaskSource {
  return {
    async fill(frame, into) {
      const other = new Uint8Array(into.length);
      await a.fill(frame, into);
      await b.fill(frame, other);
      for (let i = 0; i < into.length; i++) into[i] = Math.round(((into[i] ?? 0) * (other[i] ?? 0)) / 255);
    },
    async close() {
      await Promise.all([a.close?.(), b.close?.()]);
    },
  };
}

class VideoMask implements MaskSource {
  private readonly frames: AsyncGenerator<SourceFrame>;
  private readonly shown: Uint8Array;
  private readonly pixels: Uint8Array;
  private next: SourceFrame | undefined;
  private started = false;

  constructor(
    private readonly video: VideoSource,
    private readonly secondsOf: SecondsOf,
  ) {
    const { width, height, format } = video.geometry;
    this.frames = video.frames();
    this.shown = new Uint8Array(width * height);
    this.pixels = new Uint8Array(width * height * 3 * (format === 'rgb16' ? 2 : 1));
  }

  async fill(frame: FrameTime, into: Uint8Array): Promise<void> {
    if (!this.started) await this.pull();
    this.started = true;
    const seconds = this.secondsOf(frame) + 1e-4;
    while (this.next && ticksToSeconds(this.next.ptsTicks, this.video.timeBase) <= seconds) {
      this.next.read(this.pixels);
      this.toGrey();
      this.next.close();
      await this.pull();
    }
    into.set(this.shown);
  }

  async close(): Promise<void> {
    this.next?.close();
    this.next = undefined;
    await this.video.close();
  }

  private async pull(): Promise<void> {
    const result = await this.frames.next();
    this.next = result.done ? undefined : result.value;
  }

  /** The mean of red, green and blue, of 255. */
  private toGrey(): void {
    const wide = this.video.geometry.format === 'rgb16';
    const samples = wide ? new Uint16Array(this.pixels.buffer) : this.pixels;
    const scale = wide ? 3 * 257 : 3;
    for (let i = 0; i < this.shown.length; i++) {
      const sum = (samples[3 * i] ?? 0) + (samples[3 * i + 1] ?? 0) + (samples[3 * i + 2] ?? 0);
      this.shown[i] = Math.round(sum / scale);
    }
  }
}
