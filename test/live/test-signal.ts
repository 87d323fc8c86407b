import { setTimeout as delay } from 'node:timers/promises';
import * as av from '../../src/media/node-av.js';

/** A moving picture and sound that a receiver can read the time from. */
export interface TestSignalOptions {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sound?: boolean;
  /** Where the numbers of the pictures begin. */
  readonly firstNumber?: number;
}

/** The picture's number is written into its upper part as this many fields, black for 0, white for 1. */
export const numberBits = 16;

/** The whole lower part is white, and the sound loud, for the first tenth of every second. */
export const flashMs = 100;

/** When a picture of this number was sent, by `performance.now()`. */
export type SentAt = ReadonlyMap<number, number>;

/** A publisher that sends a {@link TestSignalOptions test signal} in real time, by FFmpeg's encoders and its RTMP. */
export class TestSignal {
  readonly sentAt = new Map<number, number>();
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #failure: unknown;

  /** Connects and begins to send. */
  static async start(url: string, options: TestSignalOptions = {}): Promise<TestSignal> {
    const signal = new TestSignal();
    const publisher = await Publisher.open(url, options);
    signal.#done = signal.#run(publisher, options).catch((error: unknown) => {
      signal.#failure = error;
    });
    return signal;
  }

  /** Whether sending has failed, as when the server has cut the connection. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(publisher: Publisher, { fps = 25, firstNumber = 0 }: TestSignalOptions): Promise<void> {
    const startedMs = performance.now();
    try {
      for (let index = 0; !this.#stop.signal.aborted; index += 1) {
        const waitMs = startedMs + (1000 * index) / fps - performance.now();
        if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        const number = (firstNumber + index) % 2 ** numberBits;
        this.sentAt.set(number, performance.now());
        await publisher.send(index, number);
      }
    } finally {
      await publisher.close();
    }
  }
}

class Publisher {
  readonly #packet = new av.Packet();
  #samples = 0;

  private constructor(
    readonly format: av.FormatContext,
    readonly video: av.CodecContext,
    readonly sound: av.CodecContext | undefined,
    readonly fps: number,
  ) {
    this.#packet.alloc();
  }

  static async open(url: string, options: TestSignalOptions): Promise<Publisher> {
    const { width = 160, height = 96, fps = 25, sound = true } = options;
    const format = new av.FormatContext();
    check(format.allocOutputContext2(null, 'flv', url), 'allocate');
    const video = await openVideoEncoder(width, height, fps);
    const soundEncoder = sound ? await openSoundEncoder() : undefined;
    for (const context of [video, soundEncoder]) {
      if (!context) continue;
      const stream = format.newStream();
      stream.codecpar.fromContext(context);
      stream.timeBase = context.timeBase;
    }
    check(await format.openOutput(), 'connect');
    check(await format.writeHeader(null), 'header');
    return new Publisher(format, video, soundEncoder, fps);
  }

  async send(index: number, number: number): Promise<void> {
    const { width, height } = this.video;
    const isFlash = ((index * 1000) / this.fps) % 1000 < flashMs;
    const frame = new av.Frame();
    frame.alloc();
    Object.assign(frame, { width, height, format: av.AV_PIX_FMT_YUV420P, pts: BigInt(index) });
    check(frame.getBuffer(), 'picture');
    draw(frame, width, height, number, isFlash);
    check(await this.video.sendFrame(frame), 'encode');
    frame.free();
    await this.#drain(this.video, 0);
    if (this.sound) await this.#sendSound(this.sound, ((index + 1) * rate) / this.fps);
  }

  async close(): Promise<void> {
    await this.format.writeTrailer();
    await this.format.closeOutput();
    this.format.freeContext();
    this.video.freeContext();
    this.sound?.freeContext();
    this.#packet.free();
  }

  async #sendSound(context: av.CodecContext, upTo: number): Promise<void> {
    while (this.#samples + block <= upTo) {
      const frame = new av.Frame();
      frame.alloc();
      const layout = av.avChannelLayoutDefault(1);
      const format = av.AV_SAMPLE_FMT_FLTP;
      Object.assign(frame, { nbSamples: block, format, sampleRate: rate, channelLayout: layout });
      frame.pts = BigInt(this.#samples);
      check(frame.getBuffer(), 'sound');
      const [plane] = frame.extendedData ?? [];
      if (!plane) throw new Error('no plane');
      const samples = new Float32Array(plane.buffer, plane.byteOffset, block);
      for (let i = 0; i < block; i += 1) {
        const at = this.#samples + i;
        const isLoud = ((at * 1000) / rate) % 1000 < flashMs;
        samples[i] = isLoud ? 0.8 * Math.sin((2 * Math.PI * 1000 * at) / rate) : 0;
      }
      this.#samples += block;
      check(await context.sendFrame(frame), 'encode');
      frame.free();
      await this.#drain(context, 1);
    }
  }

  async #drain(context: av.CodecContext, streamIndex: number): Promise<void> {
    while ((await context.receivePacket(this.#packet)) >= 0) {
      const stream = this.format.streams[streamIndex];
      this.#packet.streamIndex = streamIndex;
      if (stream) this.#packet.rescaleTs(context.timeBase, stream.timeBase);
      check(await this.format.interleavedWriteFrame(this.#packet), 'send');
    }
  }
}

const rate = 44_100;
const block = 1024;

async function openVideoEncoder(width: number, height: number, fps: number): Promise<av.CodecContext> {
  const codec = av.Codec.findEncoderByName('libx264' as never);
  if (!codec) throw new Error('no x264');
  const context = new av.CodecContext();
  context.allocContext3(codec);
  Object.assign(context, { width, height, pixelFormat: av.AV_PIX_FMT_YUV420P });
  context.timeBase = new av.Rational(1, fps);
  context.framerate = new av.Rational(fps, 1);
  context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  const options = { preset: 'ultrafast', tune: 'zerolatency', g: String(fps), crf: '20' };
  for (const [name, value] of Object.entries(options)) check(context.setOption(name, value), name);
  check(await context.open2(codec), 'open x264');
  return context;
}

async function openSoundEncoder(): Promise<av.CodecContext> {
  const codec = av.Codec.findEncoderByName('aac' as never);
  if (!codec) throw new Error('no AAC');
  const context = new av.CodecContext();
  context.allocContext3(codec);
  Object.assign(context, { sampleRate: rate, sampleFormat: av.AV_SAMPLE_FMT_FLTP });
  context.channelLayout = av.avChannelLayoutDefault(1);
  context.timeBase = new av.Rational(1, rate);
  context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  check(await context.open2(codec), 'open AAC');
  return context;
}

/** Two rows of fields with the number's bits, a moving bar between, the flash below; grey colour. */
function draw(frame: av.Frame, width: number, height: number, number: number, isFlash: boolean): void {
  const [luma, blue, red] = frame.data ?? [];
  const [lumaStride = width] = frame.linesize;
  if (!luma || !blue || !red) throw new Error('no planes');
  blue.fill(128);
  red.fill(128);
  const field = width / numberBits;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const bit = (number >> Math.floor(x / field)) & 1;
      const below = isFlash ? 235 : 16;
      luma[y * lumaStride + x] = y < height / 2 ? (bit ? 235 : 16) : below;
    }
  }
}

function check(code: number, doing: string): void {
  if (code < 0) throw new Error(`${doing}: ${av.FFmpegError.strerror(code)}`);
}
