import { setTimeout as delay } from 'node:timers/promises';
import * as av from '../../src/media/node-av.js';
import { check, ffmpegCarrier, RtmpCarrier, type Carrier } from './carriers.js';

/** A moving picture and sound that a receiver can read the time from. */
export interface TestSignalOptions {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sound?: boolean;
  /** FFmpeg's encoder of the pictures. */
  readonly codec?: 'libx264' | 'libx265';
  /** Where the numbers of the pictures begin. */
  readonly firstNumber?: number;
  /** The time stamp of the first picture, milliseconds; default 0. */
  readonly fromMs?: number;
  /** How many seconds the sender's clock gains in one of ours; default 0. */
  readonly drift?: number;
  /** Be able to {@link TestSignal.turnTo turn} to other codecs over the same connection. */
  readonly turning?: boolean;
  /** Options of FFmpeg's muxer. */
  readonly muxing?: Readonly<Record<string, string>>;
}

/** The picture's number is written into its upper part as this many fields, black for 0, white for 1. */
export const numberBits = 16;

/** The whole lower part is white, and the sound loud, for the first tenth of every second. */
export const flashMs = 100;

/** When a picture of this number was sent, by `performance.now()`. */
export type SentAt = ReadonlyMap<number, number>;

/** Sends a {@link TestSignalOptions test signal} in real time, by FFmpeg's encoders. */
export class TestSignal {
  readonly sentAt = new Map<number, number>();
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #failure: unknown;
  #wanted: TestSignalOptions | undefined;

  private constructor(
    private encoders: Encoders,
    private readonly carrier: Carrier,
  ) {}

  /** Connects and begins to send. */
  static async start(url: string, options: TestSignalOptions = {}): Promise<TestSignal> {
    const encoders = await Encoders.open(options, options.fromMs);
    const carrier = options.turning
      ? await RtmpCarrier.connect(url, encoders.contexts)
      : await ffmpegCarrier(url, encoders.contexts, options.muxing);
    const signal = new TestSignal(encoders, carrier);
    signal.#done = signal.#run(options).catch((error: unknown) => {
      signal.#failure = error;
    });
    return signal;
  }

  /** Whether sending has failed, as when the server has cut the connection. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Goes on in another form, numbers and time included, without a new connection. */
  turnTo(options: TestSignalOptions): void {
    this.#wanted = options;
  }

  /** Whether nothing is sent although the connection is open. */
  isPaused = false;

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run({ firstNumber = 0, fromMs = 0, drift = 0 }: TestSignalOptions): Promise<void> {
    const startedMs = performance.now();
    let timeMs = fromMs;
    try {
      for (let index = 0; !this.#stop.signal.aborted; index += 1) {
        const waitMs = startedMs + (timeMs - fromMs) / (1 + drift) - performance.now();
        if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        if (this.isPaused) {
          timeMs += 1000 / this.encoders.fps;
          continue;
        }
        await this.#turn(timeMs);
        const number = (firstNumber + index) % 2 ** numberBits;
        this.sentAt.set(number, performance.now());
        await this.encoders.encode(timeMs, number, this.carrier);
        timeMs += 1000 / this.encoders.fps;
      }
    } finally {
      await this.carrier.close();
      this.encoders.close();
    }
  }

  async #turn(timeMs: number): Promise<void> {
    if (!this.#wanted || !(this.carrier instanceof RtmpCarrier)) return;
    const encoders = await Encoders.open(this.#wanted, timeMs);
    this.#wanted = undefined;
    await this.carrier.turnTo(encoders.contexts);
    this.encoders.close();
    this.encoders = encoders;
  }
}

/** The encoders of one form of the signal. */
class Encoders {
  readonly #packet = new av.Packet();
  #samples: number;

  private constructor(
    readonly video: av.CodecContext,
    readonly sound: av.CodecContext | undefined,
    readonly fps: number,
    fromMs: number,
  ) {
    this.#packet.alloc();
    this.#samples = Math.round((fromMs * rate) / 1000);
  }

  static async open(options: TestSignalOptions, fromMs = 0): Promise<Encoders> {
    const { width = 160, height = 96, fps = 25, sound = true, codec = 'libx264' } = options;
    const video = await openVideoEncoder(codec, width, height, fps);
    return new Encoders(video, sound ? await openSoundEncoder() : undefined, fps, fromMs);
  }

  get contexts(): av.CodecContext[] {
    return this.sound ? [this.video, this.sound] : [this.video];
  }

  /** One picture at this time, and the sound up to its end. */
  async encode(timeMs: number, number: number, carrier: Carrier): Promise<void> {
    const { width, height } = this.video;
    const frame = new av.Frame();
    frame.alloc();
    Object.assign(frame, { width, height, format: av.AV_PIX_FMT_YUV420P, pts: BigInt(Math.round(timeMs)) });
    check(frame.getBuffer(), 'picture');
    draw(frame, width, height, number, Math.round(timeMs) % 1000 < flashMs);
    check(await this.video.sendFrame(frame), 'encode');
    frame.free();
    await this.#drain(this.video, 0, carrier);
    if (this.sound) await this.#encodeSound(this.sound, ((timeMs + 1000 / this.fps) * rate) / 1000, carrier);
  }

  close(): void {
    this.video.freeContext();
    this.sound?.freeContext();
    this.#packet.free();
  }

  async #encodeSound(context: av.CodecContext, upTo: number, carrier: Carrier): Promise<void> {
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
      await this.#drain(context, 1, carrier);
    }
  }

  async #drain(context: av.CodecContext, place: number, carrier: Carrier): Promise<void> {
    while ((await context.receivePacket(this.#packet)) >= 0) {
      await carrier.write(this.#packet, context, place);
      this.#packet.unref();
    }
  }
}

const rate = 44_100;
const block = 1024;

async function openVideoEncoder(
  name: string,
  width: number,
  height: number,
  fps: number,
): Promise<av.CodecContext> {
  const codec = av.Codec.findEncoderByName(name as never);
  if (!codec) throw new Error(`no ${name}`);
  const context = new av.CodecContext();
  context.allocContext3(codec);
  Object.assign(context, { width, height, pixelFormat: av.AV_PIX_FMT_YUV420P });
  context.timeBase = new av.Rational(1, 1000);
  context.framerate = new av.Rational(fps, 1);
  context.setFlags(av.AV_CODEC_FLAG_GLOBAL_HEADER);
  const quiet = name === 'libx265' ? { 'x265-params': 'log-level=none:bframes=0' } : {};
  const options = { preset: 'ultrafast', tune: 'zerolatency', g: String(fps), crf: '20', ...quiet };
  for (const [name, value] of Object.entries(options)) check(context.setOption(name, value), name);
  check(await context.open2(codec), `open ${name}`);
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
