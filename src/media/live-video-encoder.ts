import { encoderByName } from './encoder-choice.js';
import type { FrameGeometry } from './frames.js';
import * as av from './node-av.js';
import { describePixelFormat } from './pixel-format.js';
import type { Rational } from './rational.js';
import { VideoEncoder } from './video-encoder.js';
import { VidstyleError } from '../errors.js';

/** A live picture's form, which stays the same as long as the stream lasts. */
export interface LiveVideoForm {
  readonly width: number;
  readonly height: number;
  readonly frameRate: Rational;
  readonly bitsPerSecond: number;
  /** x264's speed preset. */
  readonly preset: string;
  /** Seconds between key frames: services ask for 2. */
  readonly keyFrameSeconds: number;
}

/** Encodes live pictures as H.264 without holding any back. One call at a time. */
export class LiveVideoEncoder {
  readonly timeBase: Rational;

  private constructor(
    readonly form: LiveVideoForm,
    private readonly encoder: VideoEncoder,
  ) {
    this.timeBase = { num: form.frameRate.den, den: form.frameRate.num };
  }

  /** @throws VidstyleError `output` when the encoder is missing or refuses to start. */
  static async open(form: LiveVideoForm): Promise<LiveVideoEncoder> {
    const codec = encoderByName('libx264');
    if (!codec) throw new VidstyleError('output', 'FFmpeg has no H.264 encoder here.');
    const { width, height, frameRate, bitsPerSecond, preset, keyFrameSeconds } = form;
    const rate = String(bitsPerSecond);
    const interval = Math.round((frameRate.num / frameRate.den) * keyFrameSeconds);
    const options = {
      ...{ preset, tune: 'zerolatency', profile: 'high', 'forced-idr': '1', g: String(interval), bf: '0' },
      ...{ b: rate, maxrate: rate, bufsize: rate },
    };
    const pixelFormat = av.AV_PIX_FMT_YUV420P;
    const encoder = await VideoEncoder.open(
      { codec, name: 'libx264', pixelFormat, options, notices: [] },
      {
        // Packed RGB becomes limited-range BT.709, what players expect of video.
        info: { video: { frameRate, interlaced: 'no', pixelFormat: describePixelFormat('rgb24') } },
        timeBase: { num: frameRate.den, den: frameRate.num },
        sampleAspectRatio: { num: 1, den: 1 },
        firstPicture: undefined,
      },
      { width, height, format: 'rgb8' },
      { globalHeader: true, codecTag: undefined },
    );
    return new LiveVideoEncoder(form, encoder);
  }

  /** FFmpeg's context, for muxers. */
  get context(): av.CodecContext {
    return this.encoder.context;
  }

  /**
   * Encodes packed RGB of any size as the picture number `tick`.
   *
   * @param keyFrame whether a player must be able to begin here
   */
  async encode(
    pixels: Uint8Array,
    geometry: FrameGeometry,
    tick: number,
    keyFrame: boolean,
    deliver: (packet: av.Packet) => Promise<void>,
  ): Promise<void> {
    const frame = { index: tick, ptsTicks: BigInt(tick), durationTicks: 1n, pixels };
    const picture = await this.encoder.convert(frame, geometry);
    picture.pictType = keyFrame ? av.AV_PICTURE_TYPE_I : av.AV_PICTURE_TYPE_NONE;
    await this.encoder.encode(picture, deliver);
  }

  close(): void {
    this.encoder.close();
  }
}
