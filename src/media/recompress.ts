import { VidstyleError } from '../errors.js';
import { frameBytes, type FrameGeometry } from './frames.js';
import * as av from './node-av.js';
import { PixelConverter } from './pixel-converter.js';
import { openX264 } from './x264.js';

/** How badly a shot is stored. */
export interface Recompression {
  /** x264's constant rate factor: 18 is hardly visible, 40 is bad. */
  readonly crf: number;
}

/**
 * What H.264 leaves of a shot: encoded at 25 frames a second and decoded again, without a file between. On one thread, so
 * that the same shot gives the same result on every machine.
 *
 * @param shot packed RGB of 8 bits, frame by frame
 * @returns as many frames of the same size
 * @throws VidstyleError `output` where FFmpeg has no x264
 */
export async function recompress(
  shot: readonly Uint8Array[],
  size: Pick<FrameGeometry, 'width' | 'height'>,
  { crf }: Recompression,
): Promise<Uint8Array[]> {
  const geometry: FrameGeometry = { ...size, format: 'rgb8' };
  const encoder = await openX264(geometry, {
    frameRate: { num: 25, den: 1 },
    options: { crf: String(crf), preset: 'veryfast', threads: '1' },
    fullChroma: geometry.width % 2 !== 0 || geometry.height % 2 !== 0,
    globalHeader: false,
  });
  try {
    const decoder = await ShotDecoder.open(geometry);
    try {
      const decode = (packet: av.Packet): Promise<void> => decoder.decode(packet);
      for (const [index, pixels] of shot.entries()) {
        const frame = { index, ptsTicks: BigInt(index), durationTicks: 1n, pixels };
        await encoder.encode(await encoder.convert(frame), decode);
      }
      await encoder.flush(decode);
      await decoder.decode(null);
      return decoder.frames;
    } finally {
      decoder.close();
    }
  } finally {
    encoder.close();
  }
}

/** Decodes H.264 packets, which carry their own headers, to packed RGB. */
class ShotDecoder {
  readonly frames: Uint8Array[] = [];
  private readonly converter = new PixelConverter();
  private readonly picture = new av.Frame();

  private constructor(
    private readonly context: av.CodecContext,
    private readonly geometry: FrameGeometry,
  ) {
    this.picture.alloc();
  }

  static async open(geometry: FrameGeometry): Promise<ShotDecoder> {
    const context = new av.CodecContext();
    context.allocContext3(av.Codec.findDecoder(av.AV_CODEC_ID_H264));
    context.threadCount = 1;
    const opened = await context.open2();
    if (opened >= 0) return new ShotDecoder(context, geometry);
    context.freeContext();
    throw new VidstyleError('input', `FFmpeg decodes no H.264 here (${av.FFmpegError.strerror(opened)}).`);
  }

  /** @param packet the shot's next one; null at its end */
  async decode(packet: av.Packet | null): Promise<void> {
    const sent = await this.context.sendPacket(packet);
    if (sent < 0) throw decodingFailed(sent);
    for (;;) {
      const received = await this.context.receiveFrame(this.picture);
      if (received === av.AVERROR_EAGAIN || received === av.AVERROR_EOF) return;
      if (received < 0) throw decodingFailed(received);
      const pixels = new Uint8Array(frameBytes(this.geometry));
      this.converter.toRgb(this.picture, pixels, this.geometry);
      this.picture.unref();
      this.frames.push(pixels);
    }
  }

  close(): void {
    this.picture.free();
    this.converter.close();
    this.context.freeContext();
  }
}

function decodingFailed(code: number): VidstyleError {
  return new VidstyleError('input', `A shot could not be decoded again: ${av.FFmpegError.strerror(code)}.`);
}
