import { openDemuxer } from './demuxer.js';
import type { FinishedSegment } from './join-segments.js';
import { rescale, type Rational } from './rational.js';
import { newPacket } from './video-decoder.js';

/** Times of one packet, in ticks of the source. */
interface PacketTimes {
  readonly pts: bigint;
  readonly dts: bigint;
  readonly duration: bigint;
}

/**
 * The timestamps of all packets of a joined video. Every piece was encoded on its own, so that its decoding times begin
 * before those of the piece before end; here they are laid out once for all: the presentation times in order, as far back as
 * the encoder reorders.
 */
export class SegmentTimes {
  private readonly offsets: number[] = [];

  private constructor(
    /** Presentation times in decoding order, per piece. */
    private readonly pieces: readonly BigInt64Array[],
    private readonly sorted: BigInt64Array,
    private readonly endTicks: bigint,
    private readonly delay: number,
  ) {
    let offset = 0;
    for (const piece of pieces) {
      this.offsets.push(offset);
      offset += piece.length;
    }
  }

  /** Reads all pieces' packets. */
  static async read(
    segments: readonly FinishedSegment[],
    timeBase: Rational,
    endTicks: bigint,
  ): Promise<SegmentTimes> {
    const pieces: BigInt64Array[] = [];
    let delay = 0;
    for (const segment of segments) {
      const times = await readTimes(segment, timeBase);
      const ranks = new Map([...times].sort(ascending).map((time, rank) => [time, rank]));
      times.forEach((time, index) => (delay = Math.max(delay, index - (ranks.get(time) ?? 0))));
      pieces.push(times);
    }
    const sorted = new BigInt64Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const piece of pieces) {
      sorted.set(piece, offset);
      offset += piece.length;
    }
    return new SegmentTimes(pieces, sorted.sort(), endTicks, delay);
  }

  get frames(): number {
    return this.sorted.length;
  }

  /** The times of a piece's packet, by its number in decoding order. */
  of(piece: number, packet: number): PacketTimes {
    const pts = this.pieces[piece]?.[packet] ?? 0n;
    const rank = this.rankOf(pts);
    const next = this.sorted[rank + 1] ?? this.endTicks;
    return {
      pts,
      dts: this.dts((this.offsets[piece] ?? 0) + packet),
      duration: next > pts ? next - pts : 1n,
    };
  }

  private dts(packet: number): bigint {
    const at = packet - this.delay;
    const first = this.sorted[0] ?? 0n;
    const interval = (this.sorted[1] ?? first + 1n) - first;
    return at >= 0 ? (this.sorted[at] ?? first) : first + BigInt(at) * interval;
  }

  private rankOf(time: bigint): number {
    let [low, high] = [0, this.sorted.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle] ?? 0n) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

async function readTimes({ path, startTicks }: FinishedSegment, timeBase: Rational): Promise<BigInt64Array> {
  const demuxer = await openDemuxer(path);
  const packet = newPacket();
  const times: bigint[] = [];
  try {
    const base = demuxer.format.streams[0]?.timeBase ?? timeBase;
    while ((await demuxer.read(packet)) >= 0) {
      times.push(startTicks + rescale(packet.pts, base, timeBase));
      packet.unref();
    }
  } finally {
    packet.free();
    await demuxer.close();
  }
  return BigInt64Array.from(times);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
