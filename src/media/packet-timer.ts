import type { Cut } from './cut.js';
import * as av from './node-av.js';
import { microseconds, rescale } from './rational.js';
import type { StreamPlan } from './stream-plan.js';

/** Turns the times of one stream's packets from the input's into the output's, cut like the video. */
export class PacketTimer {
  private readonly inputBase: av.Rational;
  private readonly soundRate: av.Rational | undefined;
  private readonly soundState = { value: av.AV_NOPTS_VALUE };
  private readonly origin: bigint;
  private lastDts: bigint | undefined;

  constructor(
    readonly plan: StreamPlan,
    readonly output: av.Stream,
    private readonly cut: Cut,
  ) {
    const { input } = plan;
    this.inputBase = input.timeBase;
    this.origin = this.inTicks(cut.startMicroseconds ?? 0n);
    const { sampleRate, codecType } = input.codecpar;
    const coarse = this.inputBase.den < sampleRate * this.inputBase.num;
    if (codecType === av.AVMEDIA_TYPE_AUDIO && coarse) this.soundRate = new av.Rational(1, sampleRate);
  }

  /** When the packet belongs between the video's, microseconds of the output; undefined for at once. */
  due(packet: av.Packet): bigint | undefined {
    const ticks = packet.dts === av.AV_NOPTS_VALUE ? packet.pts : packet.dts;
    return ticks === av.AV_NOPTS_VALUE
      ? undefined
      : rescale(ticks - this.origin, this.inputBase, microseconds);
  }

  /** Gives the packet its output stream and times; false when it lies outside the cut. */
  place(packet: av.Packet): boolean {
    if (!this.cutPacket(packet)) return false;
    const duration = packet.duration;
    if (this.soundRate && packet.dts !== av.AV_NOPTS_VALUE) this.placeSound(packet, this.soundRate);
    else packet.rescaleTs(this.inputBase, this.output.timeBase);
    if (duration > 0n && packet.duration === 0n) packet.duration = 1n;
    this.keepOrder(packet);
    packet.streamIndex = this.output.index;
    packet.pos = -1n;
    return true;
  }

  /** Makes the packet's times count from the cut, still in the input's ticks; false when it lies outside. */
  cutPacket(packet: av.Packet): boolean {
    const ticks = packet.pts === av.AV_NOPTS_VALUE ? packet.dts : packet.pts;
    if (ticks === av.AV_NOPTS_VALUE) return true;
    const { startMicroseconds, endMicroseconds } = this.cut;
    if (endMicroseconds !== undefined && ticks >= this.inTicks(endMicroseconds)) return false;
    if (startMicroseconds === undefined) return true;
    if (ticks < this.origin && !this.clipSubtitle(packet, ticks)) return false;
    packet.pts = packet.pts === av.AV_NOPTS_VALUE ? packet.pts : packet.pts - this.origin;
    packet.dts = packet.dts === av.AV_NOPTS_VALUE ? packet.dts : packet.dts - this.origin;
    return true;
  }

  /** A subtitle that is on screen when the cut begins is shown from there on. */
  private clipSubtitle(packet: av.Packet, ticks: bigint): boolean {
    const left = ticks + packet.duration - this.origin;
    const still = this.plan.input.codecpar.codecType === av.AVMEDIA_TYPE_SUBTITLE || this.isCover();
    if (!still || (left <= 0n && !this.isCover())) return false;
    packet.pts = this.origin;
    packet.dts = this.origin;
    packet.duration = left > 0n ? left : packet.duration;
    return true;
  }

  private isCover(): boolean {
    return this.plan.input.hasDisposition(av.AV_DISPOSITION_ATTACHED_PIC);
  }

  /** Sound whose container rounds its times (Matroska: to the millisecond) gets sample-exact ones back. */
  private placeSound(packet: av.Packet, rate: av.Rational): void {
    const { input } = this.plan;
    const samples = av.avGetAudioFrameDuration2(input.codecpar, packet.size) || input.codecpar.frameSize;
    const dts = av.avRescaleDelta(
      this.inputBase,
      packet.dts,
      rate,
      samples,
      this.soundState,
      this.output.timeBase,
    );
    packet.duration = rescale(packet.duration, this.inputBase, this.output.timeBase);
    packet.dts = dts;
    packet.pts = dts;
  }

  /** Muxers refuse packets that go back in time, which broken files have. */
  private keepOrder(packet: av.Packet): void {
    if (packet.dts === av.AV_NOPTS_VALUE) return;
    const subtitle = this.plan.input.codecpar.codecType === av.AVMEDIA_TYPE_SUBTITLE;
    const earliest = this.lastDts === undefined ? undefined : subtitle ? this.lastDts : this.lastDts + 1n;
    if (earliest !== undefined && packet.dts < earliest) {
      packet.dts = earliest;
      if (packet.pts !== av.AV_NOPTS_VALUE && packet.pts < earliest) packet.pts = earliest;
    }
    this.lastDts = packet.dts;
  }

  private inTicks(time: bigint): bigint {
    return rescale(time, microseconds, this.inputBase);
  }
}
