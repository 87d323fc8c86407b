import type { Container } from './container.js';
import { readCovers } from './cover-art.js';
import { openDemuxer } from './demuxer.js';
import type { Demuxer } from './demuxer.js';
import type { Muxer } from './muxer.js';
import * as av from './node-av.js';
import type { VideoSource } from './open-video.js';
import { PacketTimer } from './packet-timer.js';
import type { StreamPlan } from './stream-plan.js';
import { closePlan, planStream } from './stream-plan.js';
import type { SoundConverter } from './sound-converter.js';
import { convertSubtitle } from './subtitle-text.js';
import { newPacket } from './video-decoder.js';

export interface StreamCopierOptions {
  readonly copyStreams?: boolean | undefined;
  readonly onNotice: (sentence: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Carries the other streams of a source into the output. It reads the file a second time, only as far as the video
 * has been written: no packet waits in memory, however slow the video is.
 */
export class StreamCopier {
  private readonly packet = newPacket();
  private readonly timers = new Map<number, PacketTimer>();
  private muxer: Muxer | undefined;
  /** Whether `packet` holds a packet that has not been due yet. */
  private waiting = false;
  private atEnd = false;
  private flushed = false;
  private closed = false;

  private constructor(
    private readonly demuxer: Demuxer | undefined,
    private readonly source: VideoSource,
    private readonly plans: readonly StreamPlan[],
  ) {}

  static async open(
    source: VideoSource,
    container: Container,
    options: StreamCopierOptions,
  ): Promise<StreamCopier> {
    if (options.copyStreams === false || source.info.streams.length < 2)
      return new StreamCopier(undefined, source, []);
    const demuxer = await openDemuxer(source.path, options.signal);
    const plans: StreamPlan[] = [];
    try {
      const covers = await readCovers(source.path);
      for (const stream of demuxer.format.streams) {
        const chosen = stream.index === source.info.video.index;
        const plan = chosen ? undefined : await planStream(stream, container, covers, options.onNotice);
        if (plan) plans.push(plan);
        else stream.discard = av.AVDISCARD_ALL;
      }
      const start = source.cut.startMicroseconds;
      if (start !== undefined) await demuxer.seek(-1, start);
      return new StreamCopier(demuxer, source, plans);
    } catch (error) {
      plans.forEach(closePlan);
      await demuxer.close();
      throw error;
    }
  }

  /** Makes the output's streams in the input's order; `addVideo` makes the encoded one. */
  layOut(muxer: Muxer, addVideo: (format: av.FormatContext) => av.Stream): av.Stream {
    this.muxer = muxer;
    const videoIndex = this.source.info.video.index;
    const { format } = muxer;
    const before = this.plans.filter((plan) => plan.input.index < videoIndex);
    const after = this.plans.filter((plan) => plan.input.index > videoIndex);
    for (const plan of before) this.addStream(format, plan);
    const video = addVideo(format);
    for (const plan of after) this.addStream(format, plan);
    return video;
  }

  /** Writes every packet that is due before `time` (microseconds of the output); all that is left for undefined. */
  async copyUntil(time: bigint | undefined): Promise<void> {
    while (await this.fetch()) {
      const timer = this.timers.get(this.packet.streamIndex);
      if (timer) {
        const due = timer.due(this.packet);
        if (time !== undefined && due !== undefined && due > time) return;
        await this.writePacket(timer);
      }
      this.waiting = false;
      this.packet.unref();
    }
    if (!this.closed) await this.flushSound();
  }

  /** Closes the file; idempotent. No call may be in progress. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.packet.free();
    this.plans.forEach(closePlan);
    await this.demuxer?.close();
  }

  private addStream(format: av.FormatContext, plan: StreamPlan): void {
    const output = format.newStream();
    plan.describe(output);
    if (plan.method.type !== 'header')
      this.timers.set(plan.input.index, new PacketTimer(plan, output, this.source.cut));
  }

  private async fetch(): Promise<boolean> {
    if (this.waiting) return true;
    if (!this.demuxer || this.atEnd || this.closed) return false;
    let code: number;
    do code = await this.demuxer.read(this.packet);
    while (code === av.AVERROR_EAGAIN);
    this.waiting = code >= 0;
    this.atEnd = code < 0;
    return this.waiting;
  }

  private async writePacket(timer: PacketTimer): Promise<void> {
    const { method } = timer.plan;
    if (method.type === 'sound') return this.writeSound(timer, method.converter, this.packet);
    if (!timer.place(this.packet)) return;
    if (method.type !== 'text') return this.muxer?.write(this.packet);
    const words = convertSubtitle(this.packet.data ?? Buffer.alloc(0), method.from, method.to);
    if (!words) return;
    const converted = subtitlePacket(this.packet, words);
    try {
      await this.muxer?.write(converted);
    } finally {
      converted.free();
    }
  }

  private async writeSound(
    timer: PacketTimer,
    converter: SoundConverter,
    packet: av.Packet | null,
  ): Promise<void> {
    if (packet && !timer.cutPacket(packet)) return;
    await converter.convert(packet, async (encoded) => {
      encoded.streamIndex = timer.output.index;
      encoded.rescaleTs(converter.timeBase, timer.output.timeBase);
      await this.muxer?.write(encoded);
    });
  }

  private async flushSound(): Promise<void> {
    if (this.flushed) return;
    this.flushed = true;
    for (const timer of this.timers.values()) {
      const { method } = timer.plan;
      if (method.type === 'sound') await this.writeSound(timer, method.converter, null);
    }
  }
}

function subtitlePacket(like: av.Packet, words: Buffer): av.Packet {
  const packet = newPacket();
  packet.data = words;
  packet.streamIndex = like.streamIndex;
  packet.pts = like.pts;
  packet.dts = like.dts;
  packet.duration = like.duration;
  packet.isKeyframe = true;
  return packet;
}
