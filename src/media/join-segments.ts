import { VidstyleError } from '../errors.js';
import { writeChapters } from './chapter-writer.js';
import { chooseContainer, type Container } from './container.js';
import { openDemuxer } from './demuxer.js';
import { headerOptions } from './header-options.js';
import { Muxer } from './muxer.js';
import * as av from './node-av.js';
import { openVideo, type OpenVideoOptions, type VideoSource } from './open-video.js';
import { addVideoStream } from './output-streams.js';
import { microseconds, rescale } from './rational.js';
import { SegmentTimes } from './segment-times.js';
import { StreamCopier } from './stream-copier.js';
import { newPacket } from './video-decoder.js';
import { setMetadata } from './video-sink.js';

/** A finished piece of a video. */
export interface FinishedSegment {
  readonly path: string;
  /** Where its first frame stands in the source, ticks of the source's time base. */
  readonly startTicks: bigint;
}

/** How to join. */
export type JoinOptions = Pick<OpenVideoOptions, 'size' | 'acceptTruncated' | 'onNotice' | 'signal'>;

/**
 * Joins the finished pieces of a source into `output` without encoding anything anew: the source's timestamps, and once from
 * the source all other streams, metadata and chapters. Returns the number of frames.
 *
 * @param endTicks when the source's last frame stops being shown
 * @throws VidstyleError `output` for pieces that were encoded differently, or an output that cannot be written
 */
export async function joinSegments(
  sourcePath: string,
  segments: readonly FinishedSegment[],
  endTicks: bigint,
  output: string,
  options: JoinOptions = {},
): Promise<number> {
  const { signal, onNotice: notice = () => undefined } = options;
  const container = chooseContainer(output);
  const source = await openVideo(sourcePath, options);
  let [muxer, copier]: [Muxer | undefined, StreamCopier | undefined] = [undefined, undefined];
  try {
    const parameters = await commonParameters(segments);
    const times = await SegmentTimes.read(segments, source.timeBase, endTicks);
    muxer = await Muxer.create(output, container);
    copier = await StreamCopier.open(source, container, { signal, onNotice: notice });
    const video = copier.layOut(muxer, (format) =>
      addVideoStream(format, source, container, (to) => {
        parameters.copy(to);
        to.codecTag = tagIn(container, to.codecId);
      }),
    );
    parameters.free();
    setMetadata(muxer, source, container, notice);
    await muxer.writeHeader(headerOptions(container, source, muxer.format));
    for (const [index, segment] of segments.entries()) {
      await copySegment(segment.path, index, { times, source, video, muxer, copier, signal });
    }
    await copier.copyUntil(undefined);
    await muxer.finish((partPath) => writeChapters(partPath, container, source, notice));
    return times.frames;
  } finally {
    await copier?.close();
    await muxer?.abort();
    await source.close();
  }
}

interface Joining {
  readonly times: SegmentTimes;
  readonly source: VideoSource;
  readonly video: av.Stream;
  readonly muxer: Muxer;
  readonly copier: StreamCopier;
  readonly signal: AbortSignal | undefined;
}

async function copySegment(path: string, index: number, joining: Joining): Promise<void> {
  const { times, source, video, muxer, copier, signal } = joining;
  const sourceBase = new av.Rational(source.timeBase.num, source.timeBase.den);
  const demuxer = await openDemuxer(path, signal);
  const packet = newPacket();
  try {
    for (let at = 0; (await demuxer.read(packet)) >= 0; at += 1) {
      Object.assign(packet, times.of(index, at));
      packet.rescaleTs(sourceBase, video.timeBase);
      packet.streamIndex = video.index;
      packet.pos = -1n;
      await copier.copyUntil(rescale(packet.dts, video.timeBase, microseconds));
      await muxer.write(packet);
    }
  } finally {
    packet.free();
    await demuxer.close();
  }
}

/** What all pieces say about their packets. The caller frees it. */
async function commonParameters(segments: readonly FinishedSegment[]): Promise<av.CodecParameters> {
  const common = new av.CodecParameters();
  common.alloc();
  let header: Buffer | undefined;
  for (const [index, { path }] of segments.entries()) {
    const demuxer = await openDemuxer(path);
    const parameters = demuxer.format.streams[0]?.codecpar;
    const found = parameters?.extradata ?? Buffer.alloc(0);
    if (index === 0) parameters?.copy(common);
    header ??= Buffer.from(found);
    const alike = header.equals(found);
    await demuxer.close();
    if (alike) continue;
    common.free();
    throw new VidstyleError('output', `The pieces of "${path}" were encoded with different settings.`);
  }
  return common;
}

function tagIn(container: Container, codec: av.AVCodecID): number {
  // "hvc1" as a little-endian number: what players of Apple's ask of HEVC in MP4.
  return container.isoBased && codec === av.AV_CODEC_ID_HEVC ? 0x31637668 : 0;
}
