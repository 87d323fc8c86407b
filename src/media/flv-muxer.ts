import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';
import { newPacket } from './video-decoder.js';
import type { Rational } from './rational.js';

/** One tag of FLV, which is one message of RTMP. */
export interface FlvTag {
  readonly type: 'sound' | 'video' | 'script';
  readonly timeMs: number;
  readonly body: Buffer;
  /** Codec headers and metadata: whoever joins late must get them first. */
  readonly header: boolean;
  /** A player can begin here. */
  readonly keyFrame: boolean;
}

/** A codec that packets come from: an encoder's context, or a stream that is passed on. */
export type FlvCodec = { readonly context: av.CodecContext } | { readonly parameters: av.CodecParameters };

/** Turns packets into FLV tags in memory, by FFmpeg's muxer. One call at a time. */
export class FlvMuxer {
  readonly #format = new av.FormatContext();
  readonly #io = new av.IOContext();
  readonly #parser: FlvParser;
  readonly #packet = newPacket();
  #closed = false;

  private constructor(onTag: (tag: FlvTag) => void) {
    this.#parser = new FlvParser(onTag);
  }

  /** Streams are numbered as they stand in `codecs`. */
  static async open(codecs: readonly FlvCodec[], onTag: (tag: FlvTag) => void): Promise<FlvMuxer> {
    const muxer = new FlvMuxer(onTag);
    try {
      await muxer.#begin(codecs);
    } catch (error) {
      muxer.close();
      throw error;
    }
    return muxer;
  }

  /** Muxes a copy of the packet, whose times count in `timeBase` and are moved by `shiftMs`. */
  async write(packet: av.Packet, streamIndex: number, timeBase: Rational, shiftMs = 0): Promise<void> {
    const stream = this.#format.streams[streamIndex];
    if (!stream) throw new Error(`there is no stream ${streamIndex}`);
    this.#packet.ref(packet);
    this.#packet.streamIndex = streamIndex;
    this.#packet.rescaleTs(timeBase, stream.timeBase);
    this.#packet.pts += BigInt(Math.round(shiftMs));
    this.#packet.dts += BigInt(Math.round(shiftMs));
    const code = await this.#format.writeFrame(this.#packet);
    this.#packet.unref();
    if (code < 0) throw failed(code);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#packet.free();
    this.#format.pb = null; // else it would be freed twice
    this.#format.freeContext();
    this.#io.freeContext();
  }

  async #begin(codecs: readonly FlvCodec[]): Promise<void> {
    check(this.#format.allocOutputContext2(null, 'flv', null));
    this.#io.allocContextWithCallbacks(bufferBytes, 1, null, (bytes) => {
      this.#parser.push(bytes);
      return bytes.length;
    });
    this.#format.pb = this.#io;
    this.#format.setFlags(av.AVFMT_FLAG_CUSTOM_IO, av.AVFMT_FLAG_FLUSH_PACKETS);
    for (const codec of codecs) {
      const stream = this.#format.newStream();
      if ('context' in codec) stream.codecpar.fromContext(codec.context);
      else check(codec.parameters.copy(stream.codecpar));
      stream.codecpar.codecTag = 0;
      stream.timeBase = new av.Rational(1, 1000);
    }
    const options = { flvflags: 'no_duration_filesize' };
    check(await this.#format.writeHeader(av.Dictionary.fromObject(options)));
  }
}

const bufferBytes = 65_536;

/** Cuts a growing FLV file into its tags (Adobe's FLV specification 10.1, annex E). */
class FlvParser {
  #pending: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(private readonly onTag: (tag: FlvTag) => void) {}

  push(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (!this.#begun) {
      if (this.#pending.length < fileHeaderBytes) return;
      this.#begun = true;
      this.#pending = this.#pending.subarray(fileHeaderBytes);
    }
    for (;;) {
      if (this.#pending.length < tagHeaderBytes) return;
      const size = this.#pending.readUIntBE(1, 3);
      const end = tagHeaderBytes + size + trailerBytes;
      if (this.#pending.length < end) return;
      const timeMs = this.#pending.readUIntBE(4, 3) | (this.#pending.readUInt8(7) << 24);
      const body = Buffer.from(this.#pending.subarray(tagHeaderBytes, tagHeaderBytes + size));
      const type = tagTypes[this.#pending.readUInt8(0) & 0x1f];
      this.#pending = this.#pending.subarray(end);
      if (type) this.onTag({ type, timeMs: timeMs >>> 0, body, ...kindOf(type, body) });
    }
  }
}

const fileHeaderBytes = 13;
const tagHeaderBytes = 11;
const trailerBytes = 4;
const tagTypes: Readonly<Record<number, FlvTag['type']>> = { 8: 'sound', 9: 'video', 18: 'script' };

/** Byte 1 of AAC and AVC tags is 0 for a codec header; the high half of an AVC tag's byte 0 is 1 for a key frame. */
function kindOf(type: FlvTag['type'], body: Buffer): Pick<FlvTag, 'header' | 'keyFrame'> {
  if (type === 'script') return { header: true, keyFrame: false };
  const header = body.length > 1 && body.readUInt8(1) === 0;
  return { header, keyFrame: type === 'video' && !header && body.readUInt8(0) >> 4 === 1 };
}

/** A whole FLV tag as it stands in a file, for players that are sent one. */
export function serialiseTag(tag: FlvTag): Buffer {
  const head = Buffer.alloc(tagHeaderBytes);
  head.writeUInt8(tag.type === 'sound' ? 8 : tag.type === 'video' ? 9 : 18, 0);
  head.writeUIntBE(tag.body.length, 1, 3);
  head.writeUIntBE(tag.timeMs & 0xffffff, 4, 3);
  head.writeUInt8((tag.timeMs >>> 24) & 0xff, 7);
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeUInt32BE(tagHeaderBytes + tag.body.length);
  return Buffer.concat([head, tag.body, trailer]);
}

/** The beginning of an FLV file. */
export function flvFileHeader(has: { readonly sound: boolean; readonly video: boolean }): Buffer {
  const flags = (has.sound ? 4 : 0) | (has.video ? 1 : 0);
  return Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
}

function check(code: number): void {
  if (code < 0) throw failed(code);
}

function failed(code: number): VidstyleError {
  return new VidstyleError('output', `The stream cannot be packed as FLV: ${av.FFmpegError.strerror(code)}.`);
}
