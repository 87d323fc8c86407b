import { extname } from 'node:path';
import { abortedError, VidstyleError } from '../errors.js';
import { writeChapters } from './chapter-writer.js';
import { chooseContainer } from './container.js';
import { cutStartTicks } from './cut.js';
import type { Container } from './container.js';
import { StreamCopier } from './stream-copier.js';
import type { EncoderWishes } from './encoder-choice.js';
import { chooseEncoder } from './encoder-choice.js';
import type { FrameGeometry, FrameSink, SinkFrame } from './frames.js';
import { headerOptions } from './header-options.js';
import { carryMetadata } from './metadata.js';
import { Muxer } from './muxer.js';
import * as av from './node-av.js';
import type { VideoSource } from './open-video.js';
import { addVideoStream, encodedBy } from './output-streams.js';
import { microseconds, rescale } from './rational.js';
import { VideoEncoder } from './video-encoder.js';

/** How to write a video. */
export interface VideoSinkOptions extends EncoderWishes {
  /** Size of the frames; default the source's. */
  readonly geometry?: FrameGeometry | undefined;
  /** Whether sound, subtitles, attachments and other streams come along; default true. */
  readonly copyStreams?: boolean | undefined;
  /** Write nothing but the frames: no other streams, metadata or chapters, as a segment that is joined later; default false. */
  readonly framesOnly?: boolean | undefined;
  /** Called with a sentence for whatever cannot be kept as it is. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A video file being written. */
export interface VideoSink extends FrameSink, AsyncDisposable {
  readonly path: string;
  /** "libx264 yuv420p, crf 18, preset faster" */
  readonly description: string;
}

/**
 * Starts writing a video file that keeps everything of `source` but its pictures: timestamps, all other streams,
 * chapters, metadata, dispositions, rotation, pixel aspect ratio and colour tags. The file grows as `path.part` and
 * is renamed when it is complete.
 *
 * @throws VidstyleError `output` when the file cannot be written there, `usage` for an unknown encoder or option.
 */
export async function createVideoSink(
  path: string,
  source: VideoSource,
  options: VideoSinkOptions = {},
): Promise<VideoSink> {
  if (options.signal?.aborted) throw abortedError(options.signal);
  const container = chooseContainer(path);
  const geometry = options.geometry ?? source.geometry;
  const notice = options.onNotice ?? ((): void => undefined);
  const choice = chooseEncoder(container, source, geometry, options);
  choice.notices.forEach(notice);
  const hevc = /265|hevc/.test(choice.name);
  const encoder = await VideoEncoder.open(choice, source, geometry, {
    globalHeader: container.globalHeader,
    codecTag: container.isoBased && hevc ? 'hvc1' : undefined,
  });
  let muxer: Muxer | undefined;
  let copier: StreamCopier | undefined;
  try {
    muxer = await Muxer.create(path, container);
    const copyStreams = options.copyStreams !== false && !options.framesOnly;
    copier = await StreamCopier.open(source, container, { ...options, copyStreams, onNotice: notice });
    const video = copier.layOut(muxer, (format) =>
      addVideoStream(format, source, container, encodedBy(encoder, geometry)),
    );
    if (!options.framesOnly) setMetadata(muxer, source, container, notice);
    await muxer.writeHeader(headerOptions(container, source, muxer.format));
    return new EncodingSink({
      path,
      source,
      container,
      geometry,
      encoder,
      muxer,
      copier,
      video,
      options,
      notice,
    });
  } catch (error) {
    encoder.close();
    await copier?.close();
    await muxer?.abort();
    throw error;
  }
}

/** Gives the output the source's metadata, with a notice of what its container has no place for. */
export function setMetadata(
  { format }: Muxer,
  source: VideoSource,
  container: Container,
  notice: (sentence: string) => void,
): void {
  const { kept, lost } = carryMetadata(source.info, container);
  if (lost.length > 0) notice(`${container.name} has no place for the metadata ${lost.join(', ')}.`);
  format.metadata = av.Dictionary.fromObject(kept);
}

interface Parts {
  readonly path: string;
  readonly source: VideoSource;
  readonly container: Container;
  readonly geometry: FrameGeometry;
  readonly encoder: VideoEncoder;
  readonly muxer: Muxer;
  readonly copier: StreamCopier;
  readonly video: av.Stream;
  readonly options: VideoSinkOptions;
  readonly notice: (sentence: string) => void;
}

class EncodingSink implements VideoSink {
  readonly path: string;
  readonly geometry: FrameGeometry;
  readonly description: string;
  /** The encode in progress: one frame is encoded while the next is converted. */
  private encoding: Promise<void> = Promise.resolve();
  private converting: Promise<unknown> = Promise.resolve();
  private ended = false;
  private readonly originTicks: bigint;

  constructor(private readonly parts: Parts) {
    this.path = parts.path;
    this.geometry = parts.geometry;
    this.description = parts.encoder.description;
    this.originTicks = cutStartTicks(parts.source.cut, parts.source.timeBase) ?? 0n;
  }

  async write(frame: SinkFrame): Promise<void> {
    this.assertOpen();
    const converting = this.parts.encoder.convert({ ...frame, ptsTicks: frame.ptsTicks - this.originTicks });
    this.converting = converting.catch(() => undefined);
    const picture = await converting;
    frame.onTaken?.();
    await this.encoding;
    this.assertOpen();
    this.encoding = this.parts.encoder.encode(picture, this.deliver);
    this.encoding.catch(() => undefined); // thrown by the next write or finish, which await it
  }

  async finish(): Promise<void> {
    this.assertOpen();
    const { encoder, muxer, copier, source, container, notice } = this.parts;
    try {
      await this.encoding;
      await encoder.flush(this.deliver);
      await copier.copyUntil(undefined);
      this.assertOpen();
      this.ended = true;
      await muxer.finish(async (partPath) => {
        if (!this.parts.options.framesOnly) await writeChapters(partPath, container, source, notice);
      });
    } catch (error) {
      this.ended = false;
      await this.abort();
      throw error;
    }
    encoder.close();
    await copier.close();
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.converting;
    await this.encoding.catch(() => undefined);
    this.parts.encoder.close();
    await this.parts.copier.close();
    await this.parts.muxer.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** Writes a finished packet after everything of the other streams that comes before it. */
  private readonly deliver = async (packet: av.Packet): Promise<void> => {
    const { copier, encoder, muxer, video } = this.parts;
    packet.streamIndex = video.index;
    packet.rescaleTs(encoder.context.timeBase, video.timeBase);
    await copier.copyUntil(rescale(packet.dts, video.timeBase, microseconds));
    await muxer.write(packet);
  };

  private assertOpen(): void {
    const { signal } = this.parts.options;
    if (signal?.aborted) throw abortedError(signal);
    if (this.ended) throw new VidstyleError('output', `The ${extname(this.path)} file is closed already.`);
  }
}
