import type { Container } from './container.js';
import { containerTakes } from './container-fit.js';
import { encoderByName } from './encoder-choice.js';
import * as av from './node-av.js';
import { buildSoundGraph, type SoundGraph } from './sound-graph.js';
import { newPacket } from './video-decoder.js';

/** Turns one sound stream into another codec, for a container that does not take it as it is. */
export class SoundConverter {
  private readonly packet = newPacket();
  private graph: SoundGraph | undefined;
  private closed = false;

  private constructor(
    /** The encoder's name, as `aac`. */
    readonly name: string,
    private readonly decoder: av.CodecContext,
    private readonly encoder: av.CodecContext,
  ) {}

  /** A converter to the first codec that the container takes; undefined when there is none, or no decoder. */
  static async open(input: av.Stream, container: Container): Promise<SoundConverter | undefined> {
    for (const name of candidates) {
      const converter = await openConverter(input, name, container.globalHeader);
      if (!converter) continue;
      const described = new SoundConverter(name, converter.decoder, converter.encoder);
      const describe = (output: av.Stream): void => {
        described.describe(output);
      };
      if (await containerTakes(container, describe)) return described;
      described.close();
    }
    return undefined;
  }

  /** What the output stream's packets count their time in. */
  get timeBase(): av.Rational {
    return this.encoder.timeBase;
  }

  /** Describes the output stream's codec. */
  describe(output: av.Stream): void {
    output.codecpar.fromContext(this.encoder);
    output.timeBase = this.encoder.timeBase;
  }

  /** Converts one packet, or flushes for null; `deliver` gets each finished packet, in {@link timeBase}. */
  async convert(packet: av.Packet | null, deliver: (packet: av.Packet) => Promise<void>): Promise<void> {
    const frame = newFrame();
    try {
      await this.decoder.sendPacket(packet); // a damaged packet leaves a gap, which the filter fills
      while ((await this.decoder.receiveFrame(frame)) >= 0) await this.resample(frame, deliver);
      if (packet !== null) return;
      await this.resample(null, deliver);
      await this.encoder.sendFrame(null);
      await this.drain(deliver);
    } finally {
      frame.free();
    }
  }

  /** Frees codecs and filters; idempotent. No call may be in progress. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.graph?.graph.free();
    this.packet.free();
    this.decoder.freeContext();
    this.encoder.freeContext();
  }

  private async resample(
    frame: av.Frame | null,
    deliver: (packet: av.Packet) => Promise<void>,
  ): Promise<void> {
    if (!this.graph && frame) {
      const { sampleRate, sampleFormat, channelLayout, frameSize } = this.encoder;
      // Gaps in the timestamps become silence.
      const target = { sampleRate, sampleFormat, channelLayout, frameSize, fillGaps: true };
      this.graph = await buildSoundGraph(this.decoder.pktTimebase, frame, target);
    }
    if (!this.graph) return;
    const { source, sink } = this.graph;
    await source.buffersrcAddFrame(frame);
    const resampled = newFrame();
    try {
      while ((await sink.buffersinkGetFrame(resampled)) >= 0) {
        await this.encoder.sendFrame(resampled);
        resampled.unref();
        await this.drain(deliver);
      }
    } finally {
      resampled.free();
    }
  }

  private async drain(deliver: (packet: av.Packet) => Promise<void>): Promise<void> {
    while ((await this.encoder.receivePacket(this.packet)) >= 0) {
      await deliver(this.packet);
      this.packet.unref();
    }
  }
}

const candidates = ['aac', 'libopus', 'libmp3lame', 'libvorbis', 'pcm_s16le'] as const;

async function openConverter(
  input: av.Stream,
  encoderName: (typeof candidates)[number],
  globalHeader: boolean,
): Promise<{ decoder: av.CodecContext; encoder: av.CodecContext } | undefined> {
  const decoderCodec = av.Codec.findDecoder(input.codecpar.codecId);
  const encoderCodec = encoderByName(encoderName);
  if (!decoderCodec || !encoderCodec) return undefined;
  const decoder = new av.CodecContext();
  decoder.allocContext3(decoderCodec);
  decoder.parametersToContext(input.codecpar);
  decoder.pktTimebase = input.timeBase;
  const encoder = new av.CodecContext();
  encoder.allocContext3(encoderCodec);
  configureEncoder(encoder, encoderCodec, input, globalHeader);
  if ((await decoder.open2(decoderCodec)) >= 0 && (await encoder.open2(encoderCodec)) >= 0)
    return { decoder, encoder };
  decoder.freeContext();
  encoder.freeContext();
  return undefined;
}

function configureEncoder(
  encoder: av.CodecContext,
  codec: av.Codec,
  input: av.Stream,
  globalHeader: boolean,
): void {
  const { sampleRate, channelLayout } = input.codecpar;
  const channels = channelLayout.nbChannels;
  const rates = codec.supportedSamplerates;
  encoder.sampleRate = !rates?.length || rates.includes(sampleRate) ? sampleRate : 48_000;
  encoder.sampleFormat = codec.sampleFormats?.[0] ?? av.AV_SAMPLE_FMT_FLTP;
  encoder.channelLayout =
    channelLayout.mask > 0n ? channelLayout : av.avChannelLayoutDefault(Math.min(channels, 8));
  encoder.timeBase = new av.Rational(1, encoder.sampleRate);
  encoder.bitRate = 96_000n * BigInt(Math.max(1, channels));
  if (globalHeader) encoder.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
}

function newFrame(): av.Frame {
  const frame = new av.Frame();
  frame.alloc();
  return frame;
}
