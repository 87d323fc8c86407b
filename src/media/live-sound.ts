import { VidstyleError } from '../errors.js';
import { encoderByName } from './encoder-choice.js';
import * as av from './node-av.js';
import { buildSoundGraph, type SoundForm, type SoundGraph } from './sound-graph.js';
import { newPacket } from './video-decoder.js';

/** Samples a second of live sound, whatever the input's. */
export const liveSampleRate = 48_000;

/** Samples of one frame of AAC. */
export const soundFrameSamples = 1024;

/** A piece of stereo sound at {@link liveSampleRate}. */
export interface SoundBlock {
  /** When its first sample sounds, by the input's clock. */
  readonly timeMs: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

const stereo = av.avChannelLayoutDefault(2);
const form: SoundForm = {
  sampleRate: liveSampleRate,
  sampleFormat: av.AV_SAMPLE_FMT_FLTP,
  channelLayout: stereo,
  frameSize: 0,
  fillGaps: false,
};

/** Decodes a sound stream into stereo samples. One call at a time. */
export class LiveSoundDecoder {
  readonly #context: av.CodecContext;
  readonly #frame = newFrame();
  readonly #resampled = newFrame();
  #graph: SoundGraph | undefined;
  #key = '';

  private constructor(context: av.CodecContext) {
    this.#context = context;
  }

  /** A decoder for the stream; undefined where FFmpeg has none, or it refuses the stream. */
  static async open(stream: av.Stream): Promise<LiveSoundDecoder | undefined> {
    const codec = av.Codec.findDecoder(stream.codecpar.codecId);
    if (!codec) return undefined;
    const context = new av.CodecContext();
    context.allocContext3(codec);
    context.parametersToContext(stream.codecpar);
    context.pktTimebase = stream.timeBase;
    if ((await context.open2(codec)) >= 0) return new LiveSoundDecoder(context);
    context.freeContext();
    return undefined;
  }

  /** Decodes one packet; damaged ones leave a gap. */
  async decode(packet: av.Packet, deliver: (block: SoundBlock) => void): Promise<void> {
    await this.#context.sendPacket(packet);
    while ((await this.#context.receiveFrame(this.#frame)) >= 0) {
      if (this.#frame.pts !== av.AV_NOPTS_VALUE) await this.#resample(deliver);
      this.#frame.unref();
    }
  }

  close(): void {
    this.#graph?.graph.free();
    this.#graph = undefined;
    this.#frame.free();
    this.#resampled.free();
    this.#context.freeContext();
  }

  async #resample(deliver: (block: SoundBlock) => void): Promise<void> {
    const { source, sink } = await this.#graphFor(this.#frame);
    await source.buffersrcAddFrame(this.#frame);
    while ((await sink.buffersinkGetFrame(this.#resampled)) >= 0) {
      const [left, right] = this.#resampled.extendedData ?? [];
      const count = this.#resampled.nbSamples;
      const timeMs = (Number(this.#resampled.pts) / liveSampleRate) * 1000;
      if (left && right) deliver({ timeMs, left: samplesOf(left, count), right: samplesOf(right, count) });
      this.#resampled.unref();
    }
  }

  /** The filters for sound of this form: it may change in mid-stream. */
  async #graphFor(frame: av.Frame): Promise<SoundGraph> {
    const key = `${frame.sampleRate} ${frame.format} ${frame.channelLayout.nbChannels}`;
    if (this.#graph && key === this.#key) return this.#graph;
    this.#graph?.graph.free();
    this.#key = key;
    this.#graph = await buildSoundGraph(this.#context.pktTimebase, frame, form);
    return this.#graph;
  }
}

/** Encodes stereo sound as AAC. One call at a time. */
export class LiveSoundEncoder {
  readonly timeBase = { num: 1, den: liveSampleRate };
  readonly #packet = newPacket();

  private constructor(readonly context: av.CodecContext) {}

  static async open(bitsPerSecond: number): Promise<LiveSoundEncoder> {
    const codec = encoderByName('aac');
    if (!codec) throw new VidstyleError('output', 'FFmpeg has no AAC encoder here.');
    const context = new av.CodecContext();
    context.allocContext3(codec);
    context.sampleRate = liveSampleRate;
    context.sampleFormat = av.AV_SAMPLE_FMT_FLTP;
    context.channelLayout = stereo;
    context.timeBase = new av.Rational(1, liveSampleRate);
    context.bitRate = BigInt(bitsPerSecond);
    context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
    if ((await context.open2(codec)) < 0) {
      context.freeContext();
      throw new VidstyleError('output', 'The AAC encoder does not start.');
    }
    return new LiveSoundEncoder(context);
  }

  /** Encodes {@link soundFrameSamples} samples that begin at `position` samples. */
  async encode(
    block: Pick<SoundBlock, 'left' | 'right'>,
    position: number,
    deliver: (packet: av.Packet) => Promise<void>,
  ): Promise<void> {
    const frame = newFrame();
    try {
      frame.nbSamples = soundFrameSamples;
      frame.format = av.AV_SAMPLE_FMT_FLTP;
      frame.channelLayout = stereo;
      frame.sampleRate = liveSampleRate;
      if (frame.getBuffer() < 0) throw new VidstyleError('memory', 'There is not enough memory for sound.');
      const [left, right] = frame.extendedData ?? [];
      if (!left || !right) throw new Error('the sound frame has no planes');
      samplesView(left).set(block.left);
      samplesView(right).set(block.right);
      frame.pts = BigInt(position);
      await this.context.sendFrame(frame);
    } finally {
      frame.free();
    }
    while ((await this.context.receivePacket(this.#packet)) >= 0) {
      // The encoder begins with a lead-in before time 0, which FLV cannot express.
      if (this.#packet.pts >= 0n) await deliver(this.#packet);
      this.#packet.unref();
    }
  }

  close(): void {
    this.#packet.free();
    this.context.freeContext();
  }
}

/** A copy: FFmpeg's memory goes with its frame. */
function samplesOf(plane: Buffer, count: number): Float32Array {
  return samplesView(plane).slice(0, count);
}

function samplesView(plane: Buffer): Float32Array {
  return new Float32Array(plane.buffer, plane.byteOffset, Math.floor(plane.byteLength / 4));
}

function newFrame(): av.Frame {
  const frame = new av.Frame();
  frame.alloc();
  return frame;
}
