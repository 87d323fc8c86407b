import { createHash } from 'node:crypto';
import type { Cut } from './cut.js';
import { openDemuxer } from './demuxer.js';
import * as av from './node-av.js';
import { microseconds, rescale } from './rational.js';
import { newPacket } from './video-decoder.js';

/** What one stream's packets hold, for comparing two files. */
export interface StreamDigest {
  readonly index: number;
  readonly codec: av.AVCodecID;
  /** One digest a packet, in file order; empty packets, which only clear subtitles, are left out. */
  readonly digests: readonly string[];
  /** Presentation times in seconds, one a packet. */
  readonly seconds: readonly number[];
  /** How long each packet lasts, in seconds. */
  readonly durations: readonly number[];
  readonly subtitle: boolean;
  /** The digest of what lies in the header instead of packets: attached files. */
  readonly header: string | undefined;
}

/** Reads every packet of a file's streams inside a cut, without decoding. */
export async function digestPackets(
  path: string,
  streams: ReadonlySet<number>,
  cut: Cut,
): Promise<Map<number, StreamDigest>> {
  const demuxer = await openDemuxer(path);
  const packet = newPacket();
  const found = new Map<number, GrowingDigest>();
  try {
    for (const stream of demuxer.format.streams) {
      if (!streams.has(stream.index)) stream.discard = av.AVDISCARD_ALL;
      else found.set(stream.index, emptyDigest(stream));
    }
    if (cut.startMicroseconds !== undefined) await demuxer.seek(-1, cut.startMicroseconds);
    while ((await demuxer.read(packet)) >= 0) {
      const stream = demuxer.format.streams[packet.streamIndex];
      const digest = found.get(packet.streamIndex);
      const bytes = packet.data;
      if (stream && digest && bytes && !isBlank(bytes, stream)) {
        digest.digests.push(digestOf(withoutAdts(bytes, stream)));
        digest.seconds.push(secondsOf(packet, stream));
        digest.durations.push(Number(rescale(packet.duration, stream.timeBase, microseconds)) / 1e6);
      }
      packet.unref();
    }
  } finally {
    packet.free();
    await demuxer.close();
  }
  return found;
}

type GrowingDigest = StreamDigest & {
  readonly digests: string[];
  readonly seconds: number[];
  readonly durations: number[];
};

function emptyDigest(stream: av.Stream): GrowingDigest {
  const { codecId, codecType } = stream.codecpar;
  const subtitle = codecType === av.AVMEDIA_TYPE_SUBTITLE;
  return {
    index: stream.index,
    codec: codecId,
    digests: [],
    seconds: [],
    durations: [],
    subtitle,
    header: headerDigest(stream),
  };
}

function headerDigest(stream: av.Stream): string | undefined {
  const { codecType, extradata } = stream.codecpar;
  return codecType === av.AVMEDIA_TYPE_ATTACHMENT && extradata ? digestOf(extradata) : undefined;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}

function isBlank(bytes: Buffer, stream: av.Stream): boolean {
  return (
    stream.codecpar.codecId === av.AV_CODEC_ID_MOV_TEXT && bytes.length >= 2 && bytes.readUInt16BE(0) === 0
  );
}

/** AAC in a transport stream carries a header in every packet, which MP4 and Matroska hold once. */
function withoutAdts(bytes: Buffer, stream: av.Stream): Buffer {
  const adts =
    stream.codecpar.codecId === av.AV_CODEC_ID_AAC && bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0;
  return adts ? bytes.subarray(((bytes[1] ?? 0) & 1) === 1 ? 7 : 9) : bytes;
}

function secondsOf(packet: av.Packet, stream: av.Stream): number {
  const ticks = packet.pts === av.AV_NOPTS_VALUE ? packet.dts : packet.pts;
  return ticks === av.AV_NOPTS_VALUE ? NaN : Number(rescale(ticks, stream.timeBase, microseconds)) / 1e6;
}
