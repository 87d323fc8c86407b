import { VidstyleError } from '../errors.js';
import { copyColorTags } from './color.js';
import type { EncoderChoice } from './encoder-choice.js';
import type { FrameGeometry, SinkFrame } from './frames.js';
import * as av from './node-av.js';
import type { VideoSource } from './open-video.js';
import type { VideoStreamInfo } from './video-info.js';
import { PixelConverter } from './pixel-converter.js';
import { describePixelFormat, pixelFormatName } from './pixel-format.js';
import { knownRational, rescale } from './rational.js';
import { newPacket } from './video-decoder.js';

/** What an encoder must know of where its frames come from. */
export interface EncoderInput extends Pick<VideoSource, 'timeBase' | 'sampleAspectRatio' | 'firstPicture'> {
  readonly info: { readonly video: Pick<VideoStreamInfo, 'frameRate' | 'interlaced' | 'pixelFormat'> };
}

/** Encodes packed RGB frames on FFmpeg's own threads; one call of `encode` or `flush` at a time. */
export class VideoEncoder {
  private readonly converter: PixelConverter;
  private readonly packet = newPacket();
  private readonly pictures: av.Frame[] = [];
  private readonly idle: av.Frame[] = [];
  private readonly durations = new Map<bigint, bigint>();
  private lastPts: bigint | undefined;
  private closed = false;

  private constructor(
    readonly context: av.CodecContext,
    private readonly choice: EncoderChoice,
    private readonly source: EncoderInput,
    private readonly geometry: FrameGeometry,
  ) {
    this.converter = new PixelConverter({ deep: geometry.format === 'rgb16' });
  }

  /** @throws VidstyleError `usage` for an option that the encoder lacks, `output` when the encoder refuses to start. */
  static async open(
    choice: EncoderChoice,
    source: EncoderInput,
    geometry: FrameGeometry,
    options: { readonly globalHeader: boolean; readonly codecTag: string | undefined },
  ): Promise<VideoEncoder> {
    // SVT-AV1 writes to the terminal unless its environment tells it not to: 1 is errors only.
    if (choice.name === 'libsvtav1') process.env['SVT_LOG'] ??= '1';
    const context = new av.CodecContext();
    context.allocContext3(choice.codec);
    try {
      configure(context, choice, source, geometry);
      if (options.globalHeader) context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
      if (options.codecTag !== undefined) context.codecTag = options.codecTag;
      const opened = await context.open2(choice.codec);
      if (opened < 0) {
        throw new VidstyleError(
          'output',
          `The encoder ${choice.name} does not start with these settings (${av.FFmpegError.strerror(opened)}).`,
        );
      }
    } catch (error) {
      context.freeContext();
      throw error;
    }
    return new VideoEncoder(context, choice, source, geometry);
  }

  /** "libx264 yuv420p, crf 18, preset faster" */
  get description(): string {
    const { crf, preset } = this.choice.options;
    const settings = [crf && `crf ${crf}`, preset && `preset ${preset}`].filter(Boolean);
    return [`${this.choice.name} ${pixelFormatName(this.choice.pixelFormat)}`, ...settings].join(', ');
  }

  /**
   * Converts a frame to the encoder's pixel format, and scales it where it has another size (`from`); its `pixels` are free
   * again when this resolves.
   */
  async convert(frame: SinkFrame, from: FrameGeometry = this.geometry): Promise<av.Frame> {
    const picture = this.takePicture();
    picture.pts = frame.ptsTicks;
    picture.duration = this.durationOf(frame);
    this.durations.set(picture.pts, picture.duration);
    await this.converter.fromRgb(frame.pixels, from, picture);
    return picture;
  }

  /** Encodes one picture and hands each finished packet to `deliver`, which must be done with it when it resolves. */
  async encode(picture: av.Frame | null, deliver: (packet: av.Packet) => Promise<void>): Promise<void> {
    try {
      await this.send(picture, deliver);
    } finally {
      if (picture) this.idle.push(picture);
    }
  }

  private async send(picture: av.Frame | null, deliver: (packet: av.Packet) => Promise<void>): Promise<void> {
    for (;;) {
      const sent = await this.context.sendFrame(picture);
      if (sent < 0 && sent !== av.AVERROR_EAGAIN && sent !== av.AVERROR_EOF) throw this.failed(sent);
      const more = await this.drain(deliver);
      if (sent !== av.AVERROR_EAGAIN || !more) return;
    }
  }

  /** Encodes what the encoder holds back. */
  async flush(deliver: (packet: av.Packet) => Promise<void>): Promise<void> {
    await this.encode(null, deliver);
  }

  /** Frees the encoder; idempotent. No call may be in progress. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const picture of this.pictures) picture.free();
    this.packet.free();
    this.converter.close();
    this.context.freeContext();
  }

  /** Returns whether the encoder wants more input rather than being at its end. */
  private async drain(deliver: (packet: av.Packet) => Promise<void>): Promise<boolean> {
    for (;;) {
      const received = await this.context.receivePacket(this.packet);
      if (received === av.AVERROR_EAGAIN) return true;
      if (received === av.AVERROR_EOF) return false;
      if (received < 0) throw this.failed(received);
      const duration = this.durations.get(this.packet.pts);
      if (duration !== undefined) {
        this.packet.duration = duration;
        this.durations.delete(this.packet.pts);
      }
      await deliver(this.packet);
      this.packet.unref();
    }
  }

  /** The frame's duration, else the last interval: without one, MP4's edit list would end before the last frame. */
  private durationOf(frame: SinkFrame): bigint {
    const interval = this.lastPts === undefined ? this.nominalDuration() : frame.ptsTicks - this.lastPts;
    this.lastPts = frame.ptsTicks;
    return frame.durationTicks > 0n ? frame.durationTicks : interval;
  }

  private nominalDuration(): bigint {
    const { frameRate } = this.source.info.video;
    const ticks = frameRate
      ? rescale(1n, { num: frameRate.den, den: frameRate.num }, this.source.timeBase)
      : 0n;
    return ticks > 0n ? ticks : 1n;
  }

  /** A picture that neither waits to be encoded nor is held by the encoder, or a new one. */
  private takePicture(): av.Frame {
    const index = this.idle.findIndex((picture) => picture.isWritable);
    return (index < 0 ? undefined : this.idle.splice(index, 1)[0]) ?? this.newPicture();
  }

  private newPicture(): av.Frame {
    const picture = new av.Frame();
    picture.alloc();
    picture.width = this.geometry.width;
    picture.height = this.geometry.height;
    picture.format = this.choice.pixelFormat;
    copyColorTags(this.context, picture);
    picture.timeBase = new av.Rational(this.source.timeBase.num, this.source.timeBase.den);
    picture.sampleAspectRatio = this.context.sampleAspectRatio;
    const scan = this.source.info.video.interlaced;
    if (scan !== 'no') picture.setFlags(av.AV_FRAME_FLAG_INTERLACED);
    if (scan === 'top field first') picture.setFlags(av.AV_FRAME_FLAG_TOP_FIELD_FIRST);
    const allocated = picture.getBuffer();
    if (allocated < 0) {
      picture.free();
      throw new VidstyleError('memory', 'There is not enough memory for a frame to encode.');
    }
    this.pictures.push(picture);
    return picture;
  }

  private failed(code: number): VidstyleError {
    return new VidstyleError(
      'output',
      `The encoder ${this.choice.name} failed: ${av.FFmpegError.strerror(code)}.`,
      { details: { code } },
    );
  }
}

function configure(
  context: av.CodecContext,
  choice: EncoderChoice,
  source: EncoderInput,
  geometry: FrameGeometry,
): void {
  const { video } = source.info;
  context.width = geometry.width;
  context.height = geometry.height;
  context.pixelFormat = choice.pixelFormat;
  // The source's own ticks: any other time base rounds the timestamps.
  context.timeBase = new av.Rational(source.timeBase.num, source.timeBase.den);
  if (video.frameRate) context.framerate = new av.Rational(video.frameRate.num, video.frameRate.den);
  context.sampleAspectRatio = new av.Rational(source.sampleAspectRatio.num, source.sampleAspectRatio.den);
  context.threadCount = 0;
  setColor(context, choice, source);
  if (video.interlaced !== 'no') {
    context.setFlags(av.AV_CODEC_FLAG_INTERLACED_DCT, av.AV_CODEC_FLAG_INTERLACED_ME);
    context.setOption('field_order', video.interlaced === 'top field first' ? 'tt' : 'bb');
  }
  for (const [name, value] of Object.entries(choice.options)) setOption(context, choice.name, name, value);
}

/** Keeps the source's tags; RGB sources become limited-range BT.709, the usual form of video. */
function setColor(context: av.CodecContext, choice: EncoderChoice, source: EncoderInput): void {
  if (source.firstPicture) copyColorTags(source.firstPicture, context);
  const outputRgb = describePixelFormat(pixelFormatName(choice.pixelFormat)).rgb;
  if (source.info.video.pixelFormat.rgb && !outputRgb) {
    context.colorSpace = av.AVCOL_SPC_BT709;
    context.colorRange = av.AVCOL_RANGE_MPEG;
    context.chromaLocation = av.AVCHROMA_LOC_LEFT;
  } else if (outputRgb) {
    context.colorSpace = av.AVCOL_SPC_RGB;
    context.colorRange = av.AVCOL_RANGE_JPEG;
  }
}

function setOption(context: av.CodecContext, encoder: string, name: string, value: string): void {
  const code = context.setOption(name, value);
  if (code === av.AVERROR_OPTION_NOT_FOUND) {
    throw new VidstyleError('usage', `The encoder ${encoder} has no option "${name}".`);
  }
  if (code < 0)
    throw new VidstyleError('usage', `The encoder ${encoder} refuses "${value}" for the option "${name}".`);
}

/** Average frame rate for the container's header, where frames come evenly. */
export function steadyFrameRate(source: VideoSource): av.Rational | undefined {
  const { frameRate, variableFrameRate } = source.info.video;
  const rate = frameRate && knownRational(frameRate);
  return rate && !variableFrameRate ? new av.Rational(rate.num, rate.den) : undefined;
}
