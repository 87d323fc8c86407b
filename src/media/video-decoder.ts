import { availableParallelism } from 'node:os';
import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';

/** What the decoder met on the way that a caller may want to announce. */
export interface Damage {
  /** Packets that the decoder refused, and pictures it marked as corrupt. */
  corrupt: number;
  /** FFmpeg's code of a read error before the end of the file; undefined after a clean end. */
  readError: number | undefined;
}

/** Where a decoder's packets come from: a demuxer, or whoever takes the other streams' packets out on the way. */
export interface PacketSource {
  /** What messages call it. */
  readonly path: string;
  /** Fills `packet`; returns FFmpeg's code: 0, `AVERROR_EOF` or an error. */
  read(packet: av.Packet): Promise<number>;
}

/** Decodes one stream of a container on FFmpeg's own threads; one call at a time. */
export class VideoDecoder {
  readonly damage: Damage = { corrupt: 0, readError: undefined };
  private readonly packet = newPacket();
  private flushing = false;
  /** Whether a picture has come out. */
  private begun = false;
  private pending: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly demuxer: PacketSource,
    private readonly stream: av.Stream,
    private readonly context: av.CodecContext,
  ) {}

  /** @throws VidstyleError `input` when FFmpeg has no decoder for the stream or `hwaccel` is not there. */
  static async open(
    demuxer: PacketSource,
    stream: av.Stream,
    options: DecoderOptions,
  ): Promise<VideoDecoder> {
    const { codecId } = stream.codecpar;
    const codec = av.Codec.findDecoder(codecId);
    const name =
      (codecId === av.AV_CODEC_ID_NONE ? null : av.avGetCodecName(codecId)) ?? 'an unknown kind of';
    if (!codec)
      throw new VidstyleError('input', `"${demuxer.path}" holds ${name} video, which cannot be decoded.`);
    const context = new av.CodecContext();
    context.allocContext3(codec);
    try {
      context.parametersToContext(stream.codecpar);
      context.pktTimebase = stream.timeBase;
      context.threadCount = options.threads ?? Math.min(availableParallelism(), 4);
      context.setOption('max_pixels', options.maximumPixels);
      if (options.hwaccel !== undefined) useHardware(context, codec, options.hwaccel);
      const opened = await context.open2(codec);
      if (opened < 0) {
        throw new VidstyleError(
          'input',
          `"${demuxer.path}": the ${name} decoder refused the stream (${av.FFmpegError.strerror(opened)}).`,
        );
      }
    } catch (error) {
      context.freeContext();
      throw error;
    }
    return new VideoDecoder(demuxer, stream, context);
  }

  /** The next picture in presentation order, which the caller must free; undefined at the end. */
  async next(): Promise<av.Frame | undefined> {
    if (this.closing) return undefined;
    const decoding = this.decodeNext();
    this.pending = decoding;
    return decoding;
  }

  /** Frees the decoder, not the demuxer; idempotent, waits for a decode in progress. */
  close(): Promise<void> {
    this.closing ??= this.pending
      .catch(() => undefined)
      .then(() => {
        this.packet.free();
        this.context.freeContext();
      });
    return this.closing;
  }

  private async decodeNext(): Promise<av.Frame | undefined> {
    const frame = new av.Frame();
    frame.alloc();
    try {
      if (await this.receive(frame)) return await this.accept(frame);
    } catch (error) {
      frame.free();
      throw error;
    }
    frame.free();
    return undefined;
  }

  /** Fills `frame` with the next picture; false at the end. */
  private async receive(frame: av.Frame): Promise<boolean> {
    for (;;) {
      const received = await this.context.receiveFrame(frame);
      if (received === 0) return true;
      if (received === av.AVERROR_EOF || this.closing) return false;
      if (received !== av.AVERROR_EAGAIN) {
        this.damage.corrupt++;
        if (this.flushing) return false;
      }
      await this.feed();
    }
  }

  /** Sends the stream's next packet, or the end. */
  private async feed(): Promise<void> {
    for (;;) {
      const read = await this.demuxer.read(this.packet);
      if (read === av.AVERROR_EAGAIN) continue;
      if (read < 0) {
        if (read !== av.AVERROR_EOF) this.damage.readError = read;
        this.flushing = true;
        await this.context.sendPacket(null);
        return;
      }
      if (this.packet.streamIndex !== this.stream.index) {
        this.packet.unref();
        continue;
      }
      // FFmpeg hands encrypted packets out as they are, and noise decodes to something now and then.
      if (!this.begun && this.packet.getSideData(av.AV_PKT_DATA_ENCRYPTION_INFO)) {
        throw new VidstyleError('input', `"${this.demuxer.path}" is encrypted and cannot be decoded.`);
      }
      const sent = await this.context.sendPacket(this.packet);
      this.packet.unref();
      if (sent < 0) this.damage.corrupt++;
      return;
    }
  }

  private async accept(frame: av.Frame): Promise<av.Frame> {
    this.begun = true;
    if (frame.hasFlags(av.AV_FRAME_FLAG_CORRUPT) || frame.decodeErrorFlags !== 0) this.damage.corrupt++;
    if (!frame.isHwFrame()) return frame;
    const copy = new av.Frame();
    copy.alloc();
    try {
      const transferred = await frame.hwframeTransferData(copy);
      if (transferred < 0)
        throw new VidstyleError(
          'input',
          `A frame could not be copied from the decoding device (${av.FFmpegError.strerror(transferred)}).`,
        );
      copy.copyProps(frame);
      return copy;
    } catch (error) {
      copy.free();
      throw error;
    } finally {
      frame.free();
    }
  }
}

export interface DecoderOptions {
  /** FFmpeg's device type, as `cuda`, `vaapi`, `videotoolbox`. */
  readonly hwaccel?: string | undefined;
  /** Decoding threads; default one a core, at most 4: each holds a picture, and decoding is seldom what is waited for. */
  readonly threads?: number | undefined;
  /** Pictures with more pixels are refused by the decoder itself. */
  readonly maximumPixels: number;
}

/** A packet ready for FFmpeg to fill. */
export function newPacket(): av.Packet {
  const packet = new av.Packet();
  packet.alloc();
  return packet;
}

function useHardware(context: av.CodecContext, codec: av.Codec, hwaccel: string): void {
  const type = av.avGetHardwareDeviceTypeFromName(
    hwaccel as Parameters<typeof av.avGetHardwareDeviceTypeFromName>[0],
  );
  const format = hardwareFormat(codec, type);
  if (format === undefined)
    throw new VidstyleError(
      'input',
      `--hwaccel ${hwaccel}: the ${codec.name ?? ''} decoder does not support it.`,
    );
  const device = new av.HardwareDeviceContext();
  const created = device.create(type);
  if (created < 0) {
    throw new VidstyleError(
      'input',
      `--hwaccel ${hwaccel}: no such device here (${av.FFmpegError.strerror(created)}).`,
    );
  }
  context.hwDeviceCtx = device;
  context.setHardwarePixelFormat(format);
}

function hardwareFormat(codec: av.Codec, type: av.AVHWDeviceType): av.AVPixelFormat | undefined {
  for (let index = 0; ; index++) {
    const config = codec.getHwConfig(index);
    if (!config) return undefined;
    if (config.deviceType === type) return config.pixFmt;
  }
}
