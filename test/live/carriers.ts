import { FlvMuxer, type FlvTag } from '../../src/media/flv-muxer.js';
import * as av from '../../src/media/node-av.js';
import { RtmpPublisher } from '../../src/live/rtmp/publisher.js';

/** Takes a test signal's packets somewhere. */
export interface Carrier {
  /** Takes a packet of the stream with this place in the encoders' list. */
  write(packet: av.Packet, encoder: av.CodecContext, place: number): Promise<void>;
  close(): Promise<void>;
}

/** By FFmpeg's own muxers and protocols: RTMP, SRT, RTSP, HLS into a folder. */
export async function ffmpegCarrier(
  url: string,
  encoders: readonly av.CodecContext[],
  options: Readonly<Record<string, string>> = {},
): Promise<Carrier> {
  const format = new av.FormatContext();
  check(format.allocOutputContext2(null, muxerOf(url), url), 'allocate');
  for (const context of encoders) {
    const stream = format.newStream();
    stream.codecpar.fromContext(context);
    stream.timeBase = context.timeBase;
    stream.avgFrameRate = context.framerate;
  }
  if (!opensItself(url)) check(await format.openOutput(), 'connect');
  check(await format.writeHeader(av.Dictionary.fromObject(options)), 'header');
  return {
    async write(packet, encoder, place) {
      packet.streamIndex = place;
      const stream = format.streams[place];
      if (stream) packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check(await format.interleavedWriteFrame(packet), 'send');
    },
    async close() {
      await format.writeTrailer();
      if (!opensItself(url)) await format.closeOutput();
      format.freeContext();
    },
  };
}

/** By RTMP over a connection that stays when the codecs are exchanged, as encoders do that turn to another scene. */
export class RtmpCarrier implements Carrier {
  #fromSeconds: number | undefined;

  private constructor(
    private readonly publisher: RtmpPublisher,
    private muxer: FlvMuxer,
  ) {}

  static async connect(url: string, encoders: readonly av.CodecContext[]): Promise<RtmpCarrier> {
    const { signal } = new AbortController();
    const publisher = await RtmpPublisher.connect(url, { timeoutMs: 10_000, signal });
    return new RtmpCarrier(publisher, await openMuxer(publisher, encoders));
  }

  /** What follows comes from other encoders. */
  async turnTo(encoders: readonly av.CodecContext[]): Promise<void> {
    this.muxer.close();
    this.#fromSeconds = undefined;
    this.muxer = await openMuxer(this.publisher, encoders);
  }

  async write(packet: av.Packet, encoder: av.CodecContext, place: number): Promise<void> {
    const seconds = (Number(packet.dts) * encoder.timeBase.num) / encoder.timeBase.den;
    this.#fromSeconds ??= seconds;
    // AAC's lead-in lies before the first picture: FLV's muxer refuses that.
    if (seconds >= this.#fromSeconds) await this.muxer.write(packet, place, encoder.timeBase);
  }

  async close(): Promise<void> {
    this.muxer.close();
    this.publisher.close();
    await this.publisher.closed;
  }
}

function openMuxer(publisher: RtmpPublisher, encoders: readonly av.CodecContext[]): Promise<FlvMuxer> {
  return FlvMuxer.open(
    encoders.map((context) => ({ context })),
    (tag: FlvTag) => {
      publisher.send(tag);
    },
  );
}

/** Muxers that are no mere writers of bytes. */
function opensItself(url: string): boolean {
  return url.endsWith('.m3u8') || url.startsWith('rtsp');
}

function muxerOf(url: string): string {
  if (url.startsWith('rtmp')) return 'flv';
  if (url.startsWith('rtsp')) return 'rtsp';
  return url.endsWith('.m3u8') ? 'hls' : 'mpegts';
}

/** @throws Error in FFmpeg's words */
export function check(code: number, doing: string): void {
  if (code < 0) throw new Error(`${doing}: ${av.FFmpegError.strerror(code)}`);
}
