import type { FrameGeometry } from './frames.js';
import * as av from './node-av.js';
import type { Rational } from './rational.js';
import type { VideoEncoder } from './video-encoder.js';
import { openX264 } from './x264.js';

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
    const { frameRate, bitsPerSecond, preset, keyFrameSeconds } = form;
    const rate = String(bitsPerSecond);
    const interval = Math.round((frameRate.num / frameRate.den) * keyFrameSeconds);
    const options = {
      ...{ preset, tune: 'zerolatency', profile: 'high', 'forced-idr': '1', g: String(interval), bf: '0' },
      ...{ b: rate, maxrate: rate, bufsize: rate },
    };
    const encoder = await openX264(form, { frameRate, options, globalHeader: true });
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
