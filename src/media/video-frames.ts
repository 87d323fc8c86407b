import { abortedError } from '../errors.js';
import { cutEndTicks, cutStartTicks, type Cut } from './cut.js';
import type { FrameGeometry, SourceFrame } from './frames.js';
import * as av from './node-av.js';
import { PixelConverter } from './pixel-converter.js';
import type { VideoDecoder } from './video-decoder.js';

/** Hands out a decoder's pictures between two times, one decoded ahead so that decoding overlaps the consumer. */
export class VideoFrameReader {
  private converter: PixelConverter | undefined;
  private readonly startTicks: bigint | undefined;
  private readonly endTicks: bigint | undefined;
  private head: av.Frame | undefined;
  private ahead: Promise<av.Frame | undefined> | undefined;
  private kept: av.Frame | undefined;
  private lastTicks: bigint | undefined;
  private lastDuration = 1n;

  constructor(
    private readonly decoder: VideoDecoder,
    stream: av.Stream,
    cut: Cut,
  ) {
    const { timeBase } = stream;
    this.startTicks = cutStartTicks(cut, timeBase);
    this.endTicks = cutEndTicks(cut, timeBase);
  }

  /** A reference to the first picture for whoever needs its tags and side data. */
  get firstPicture(): av.Frame | undefined {
    return this.kept;
  }

  /** Decodes up to the first picture inside the cut. */
  async first(): Promise<av.Frame | undefined> {
    this.head = await this.nextInside();
    this.kept = this.head?.clone() ?? undefined;
    return this.head;
  }

  async *frames(geometry: FrameGeometry, signal?: AbortSignal): AsyncGenerator<SourceFrame> {
    const { head } = this;
    const scaling = head?.width !== geometry.width || head.height !== geometry.height;
    const converter = (this.converter ??= new PixelConverter({ scaling, deep: geometry.format === 'rgb16' }));
    this.ahead = Promise.resolve(head);
    this.head = undefined;
    try {
      for (let index = 0; ; index++) {
        const picture = await this.takeAhead();
        if (!picture) return;
        if (signal?.aborted) {
          picture.free();
          throw abortedError(signal);
        }
        const { ptsTicks, durationTicks } = this.timing(picture);
        this.ahead = this.nextInside();
        this.ahead.catch(() => undefined); // seen when it is awaited; until then it must not count as unhandled
        yield new DecodedFrame(index, ptsTicks, durationTicks, picture, converter, geometry);
      }
    } finally {
      await this.dropAhead();
    }
  }

  /** Frees every picture still held; the decoder must be closed before. */
  async close(): Promise<void> {
    await this.dropAhead();
    this.head?.free();
    this.kept?.free();
    this.head = undefined;
    this.kept = undefined;
    this.converter?.close();
  }

  private takeAhead(): Promise<av.Frame | undefined> {
    const { ahead } = this;
    this.ahead = undefined;
    return ahead ?? Promise.resolve(undefined);
  }

  private async dropAhead(): Promise<void> {
    const unread = await this.takeAhead().catch(() => undefined);
    unread?.free();
  }

  private async nextInside(): Promise<av.Frame | undefined> {
    for (;;) {
      const picture = await this.decoder.next();
      if (!picture) return undefined;
      const ticks = timestampOf(picture);
      const tooEarly = this.startTicks !== undefined && ticks !== undefined && ticks < this.startTicks;
      const tooLate = this.endTicks !== undefined && ticks !== undefined && ticks >= this.endTicks;
      if (!tooEarly && !tooLate) return picture;
      picture.free();
      if (tooLate) return undefined;
    }
  }

  /** The picture's time; one tick after the last where a broken file repeats or reverses time. */
  private timing(picture: av.Frame): { ptsTicks: bigint; durationTicks: bigint } {
    const expected = this.lastTicks === undefined ? 0n : this.lastTicks + this.lastDuration;
    let ptsTicks = timestampOf(picture) ?? expected;
    if (this.lastTicks !== undefined && ptsTicks <= this.lastTicks) ptsTicks = this.lastTicks + 1n;
    const durationTicks = picture.duration > 0n ? picture.duration : 0n;
    this.lastTicks = ptsTicks;
    if (durationTicks > 0n) this.lastDuration = durationTicks;
    return { ptsTicks, durationTicks };
  }
}

class DecodedFrame implements SourceFrame {
  private picture: av.Frame | undefined;

  constructor(
    readonly index: number,
    readonly ptsTicks: bigint,
    readonly durationTicks: bigint,
    picture: av.Frame,
    private readonly converter: PixelConverter,
    private readonly geometry: FrameGeometry,
  ) {
    this.picture = picture;
  }

  read(into: Uint8Array): void {
    if (!this.picture) throw new Error(`frame ${this.index} is closed`);
    this.converter.toRgb(this.picture, into, this.geometry);
  }

  close(): void {
    this.picture?.free();
    this.picture = undefined;
  }
}

function timestampOf(picture: av.Frame): bigint | undefined {
  if (picture.bestEffortTimestamp !== av.AV_NOPTS_VALUE) return picture.bestEffortTimestamp;
  return picture.pts === av.AV_NOPTS_VALUE ? undefined : picture.pts;
}
