import { chooseContainer } from './container.js';
import type { FrameRange } from './cut.js';
import { openDemuxer, type Demuxer } from './demuxer.js';
import { defaultEncoder, findEncoder, type EncoderWishes } from './encoder-choice.js';
import * as av from './node-av.js';
import { ticksToSeconds, type Rational } from './rational.js';
import { newPacket } from './video-decoder.js';
import { chooseVideoStream } from './video-stream-choice.js';

/** One piece of a video between two key frames. */
export interface Segment extends FrameRange {
  /** Frames that the container announces for it. */
  readonly frames: number;
}

/** How a video can be done in pieces. */
export interface SegmentPlan {
  readonly timeBase: Rational;
  /** When the last frame stops being shown. */
  readonly endTicks: bigint;
  /** One or more, without gaps. */
  readonly segments: readonly Segment[];
  /** Why a long file is not cut; undefined where it is, or is short. */
  readonly whole: string | undefined;
}

/**
 * Cuts a video at key frames into pieces of about `seconds`, reading its packets without decoding. Decoding a piece begins a
 * key frame early, so that pictures which lean on what came before the cut (open groups, recovery points) are whole.
 *
 * A file whose frames cannot be told apart by their timestamps, or in which seeking does not find the key frame, comes out in
 * one piece.
 *
 * @throws VidstyleError `input` for a file that is no video
 */
export async function planSegments(
  path: string,
  seconds: number,
  signal?: AbortSignal,
): Promise<SegmentPlan> {
  const demuxer = await openDemuxer(path, signal);
  try {
    const stream = chooseVideoStream(demuxer);
    for (const other of demuxer.format.streams) {
      if (other.index !== stream.index) other.discard = av.AVDISCARD_ALL;
    }
    const { timeBase } = stream;
    const index = await readIndex(demuxer, stream, signal);
    const base = { timeBase: { num: timeBase.num, den: timeBase.den }, endTicks: index.endTicks };
    const one: Segment = {
      startTicks: index.times[0] ?? 0n,
      endTicks: undefined,
      seekTicks: undefined,
      frames: index.packets,
    };
    const ranges = index.problem === undefined ? cutAtKeys(index, timeBase, seconds) : [];
    if (ranges.length < 2) {
      const long = ticksToSeconds(index.endTicks - one.startTicks, timeBase) > 2 * seconds;
      return { ...base, segments: [one], whole: long ? (index.problem ?? 'it has no key frames to cut at') : undefined }; // prettier-ignore
    }
    const exact = await seeksExactly(demuxer, stream, ranges);
    if (!exact) return { ...base, segments: [one], whole: 'its container does not find key frames by their time' }; // prettier-ignore
    return { ...base, segments: ranges, whole: undefined };
  } finally {
    await demuxer.close();
  }
}

/** What the pieces of a video are encoded with so that they can be joined into `output`, and the container they wait in. */
export interface SegmentEncoding {
  readonly codec: string;
  readonly ending: '.mp4' | '.mov';
}

/**
 * Undefined where the output's codec fits none of the containers whose timestamps are exact.
 * @throws VidstyleError `output` for an output whose ending names no container, `usage` for an encoder that is not here
 */
export function segmentEncoding(
  output: string,
  deep: boolean,
  wishes: EncoderWishes,
): SegmentEncoding | undefined {
  const codec = findEncoder(wishes.codec ?? defaultEncoder(chooseContainer(output), deep));
  const name = codec.name ?? '';
  if (isoCodecs.has(codec.id)) return { codec: name, ending: '.mp4' };
  return codec.id === av.AV_CODEC_ID_PRORES ? { codec: name, ending: '.mov' } : undefined;
}

const isoCodecs: ReadonlySet<av.AVCodecID> = new Set([
  av.AV_CODEC_ID_H264,
  av.AV_CODEC_ID_HEVC,
  av.AV_CODEC_ID_AV1,
  av.AV_CODEC_ID_VP9,
  av.AV_CODEC_ID_MPEG4,
]);

interface PacketIndex {
  /** Presentation times in order. */
  readonly times: readonly bigint[];
  readonly keys: readonly bigint[];
  readonly packets: number;
  readonly endTicks: bigint;
  readonly problem: string | undefined;
}

async function readIndex(demuxer: Demuxer, stream: av.Stream, signal?: AbortSignal): Promise<PacketIndex> {
  const packet = newPacket();
  const times: bigint[] = [];
  const keys: bigint[] = [];
  let [packets, lastDuration, last] = [0, 0n, -(2n ** 63n)];
  try {
    while (!signal?.aborted && (await demuxer.read(packet)) >= 0) {
      if (packet.streamIndex === stream.index) {
        packets += 1;
        const { pts } = packet;
        if (pts !== av.AV_NOPTS_VALUE) {
          times.push(pts);
          if (packet.isKeyframe) keys.push(pts);
          if (pts > last) [last, lastDuration] = [pts, packet.duration];
        }
      }
      packet.unref();
    }
  } finally {
    packet.free();
  }
  times.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const problem = problemOf(times, packets, stream.timeBase);
  const interval = times.length > 1 ? last - (times.at(-2) ?? last) : 1n;
  return { times, keys, packets, endTicks: last + (lastDuration > 0n ? lastDuration : interval), problem };
}

function problemOf(times: readonly bigint[], packets: number, { num, den }: Rational): string | undefined {
  if (times.length < packets) return 'not every frame has a timestamp';
  if (times.some((time, index) => time === times[index + 1])) return 'some frames share a timestamp';
  return num < 1 || den > 2 ** 31 - 1 ? 'its timestamps are too fine' : undefined;
}

/** Begins a new piece at the first key frame after so many seconds; a short rest goes to the piece before it. */
function cutAtKeys({ times, keys, endTicks }: PacketIndex, timeBase: Rational, seconds: number): Segment[] {
  const first = times[0] ?? 0n;
  const starts: { readonly at: bigint; readonly seek: bigint | undefined }[] = [
    { at: first, seek: undefined },
  ];
  for (const [index, key] of keys.entries()) {
    const since = ticksToSeconds(key - (starts.at(-1)?.at ?? first), timeBase);
    const left = ticksToSeconds(endTicks - key, timeBase);
    // The first key frame's predecessor is the beginning of the file.
    if (since >= seconds && left >= seconds / 2) starts.push({ at: key, seek: index > 1 ? keys[index - 1] : undefined }); // prettier-ignore
  }
  let from = 0;
  return starts.map(({ at, seek }, index) => {
    const endTicks = starts[index + 1]?.at;
    let to = from;
    while (to < times.length && (endTicks === undefined || (times[to] ?? 0n) < endTicks)) to += 1;
    const frames = to - from;
    from = to;
    return { startTicks: at, endTicks, seekTicks: seek, frames };
  });
}

async function seeksExactly(
  demuxer: Demuxer,
  stream: av.Stream,
  ranges: readonly Segment[],
): Promise<boolean> {
  const packet = newPacket();
  try {
    for (const { seekTicks } of ranges) {
      if (seekTicks === undefined) continue;
      if ((await demuxer.seek(stream.index, seekTicks)) < 0) return false;
      let code: number;
      do {
        packet.unref();
        code = await demuxer.read(packet);
      } while (code >= 0 && packet.streamIndex !== stream.index);
      if (code < 0 || !packet.isKeyframe || packet.pts > seekTicks) return false;
    }
    return true;
  } finally {
    packet.free();
  }
}
