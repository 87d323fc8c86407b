import { chooseContainer } from './container.js';
import { Muxer } from './muxer.js';
import type * as av from './node-av.js';
import type { Rational } from './rational.js';
import { newPacket } from './video-decoder.js';

/** One of the two streams of a recording, and what its packets' times count in. */
export interface RecordedStream {
  readonly context: av.CodecContext;
  readonly timeBase: Rational;
}

/** Writes what is sent to a file as well. One call at a time. */
export class LiveRecorder {
  readonly #muxer: Muxer;
  readonly #streams: readonly RecordedStream[];
  readonly #packet = newPacket();
  #startSeconds: number | undefined;
  #ended: Promise<void> | undefined;

  private constructor(muxer: Muxer, streams: readonly RecordedStream[]) {
    this.#muxer = muxer;
    this.#streams = streams;
  }

  /**
   * Begins a recording; the first stream is the picture.
   * @throws VidstyleError `output` when the file cannot be written, or its format takes no H.264 and AAC
   */
  static async open(path: string, streams: readonly RecordedStream[]): Promise<LiveRecorder> {
    const container = chooseContainer(path);
    const muxer = await Muxer.create(path, container);
    try {
      for (const { context } of streams) {
        const stream = muxer.format.newStream();
        stream.codecpar.fromContext(context);
        stream.codecpar.codecTag = 0;
        stream.timeBase = context.timeBase;
      }
      // Readable up to the last key frame even if the power fails, an ordinary file once it is finished.
      await muxer.writeHeader(container.isoBased ? { movflags: '+hybrid_fragmented' } : {});
    } catch (error) {
      await muxer.abort();
      throw error;
    }
    return new LiveRecorder(muxer, streams);
  }

  /** Writes a copy of the packet; what comes before the first key frame is left out. */
  async write(packet: av.Packet, streamIndex: number): Promise<void> {
    const recorded = this.#streams[streamIndex];
    const target = this.#muxer.format.streams[streamIndex];
    if (!recorded || !target || this.#ended) return;
    const { num, den } = recorded.timeBase;
    const seconds = (Number(packet.dts) * num) / den;
    if (this.#startSeconds === undefined) {
      if (streamIndex !== 0 || !packet.isKeyframe) return;
      this.#startSeconds = seconds;
    }
    if (seconds < this.#startSeconds) return;
    const startTicks = BigInt(Math.round((this.#startSeconds * den) / num));
    this.#packet.ref(packet);
    this.#packet.streamIndex = streamIndex;
    this.#packet.pts -= startTicks;
    this.#packet.dts -= startTicks;
    this.#packet.rescaleTs(recorded.timeBase, target.timeBase);
    await this.#muxer.write(this.#packet);
    this.#packet.unref();
  }

  /** Completes the file; idempotent. No write may be in progress. */
  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#packet.free();
    try {
      await this.#muxer.finish();
    } finally {
      await this.#muxer.abort();
    }
  }
}
