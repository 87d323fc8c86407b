import { abortedError, VidstyleError } from '../errors.js';
import type { Cut, FrameRange } from './cut.js';
import { cutOf, cutStartTicks, resolveCut } from './cut.js';
import { readChapters } from './chapters.js';
import { openDemuxer } from './demuxer.js';
import type { Demuxer } from './demuxer.js';
import type { FrameGeometry, FrameSource, SourceFrame } from './frames.js';
import { maximumSide } from './input-checks.js';
import * as av from './node-av.js';
import type { Rational } from './rational.js';
import { checkTruncation } from './truncation.js';
import { VideoDecoder } from './video-decoder.js';
import { VideoFrameReader } from './video-frames.js';
import type { VideoInfo } from './video-info.js';
import { describeVideo } from './video-info.js';
import { checkSize, chooseVideoStream } from './video-stream-choice.js';

/** How to read a video. */
export interface OpenVideoOptions {
  /** Where to begin, seconds from the start of the file; default 0. */
  readonly start?: number | undefined;
  /** How much to read, seconds; default to the end. */
  readonly duration?: number | undefined;
  /** Read these frames alone, instead of `start` and `duration`; see {@link planSegments}. */
  readonly range?: FrameRange | undefined;
  /** Scale the frames to this size while reading; default the video's own. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Decode on this kind of device (FFmpeg's names: `cuda`, `vaapi`, `videotoolbox`, …); default the CPU. */
  readonly hwaccel?: string | undefined;
  /** Decoding threads; default one a core, at most 4. */
  readonly threads?: number | undefined;
  /** Read what is there of a file that is cut short, with a notice, instead of refusing it; default false. */
  readonly acceptTruncated?: boolean | undefined;
  /** Called with a sentence for whatever the user should know: damage, dropped alpha, interlacing. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An opened video: its frames, and everything about the file they come from. */
export interface VideoSource extends FrameSource, AsyncDisposable {
  readonly path: string;
  readonly info: VideoInfo;
  /** What the frames' ticks count. */
  readonly timeBase: Rational;
  /** The part of the file that is read. */
  readonly cut: Cut;
  /** Pixel aspect ratio of the frames as read, `size` considered. */
  readonly sampleAspectRatio: Rational;
  /** The first picture's colour tags and HDR side data, for the encoder; undefined once closed. */
  readonly firstPicture: av.Frame | undefined;
  /** The stream's disposition flags. */
  readonly streamDisposition: av.AVDisposition;
  /** The stream's side data: display matrix, HDR metadata and the like. */
  readonly sideData: readonly StreamSideData[];
}

/** One piece of a stream's side data, as the container holds it. */
export interface StreamSideData {
  readonly type: av.AVPacketSideDataType;
  readonly data: Buffer;
}

/**
 * Opens a video for reading. 8-bit video is read as `rgb8`, deeper as `rgb16`. The first picture is decoded at once,
 * so that a file that cannot be decoded is refused here.
 *
 * @throws VidstyleError `input` with one sentence for a file that is missing, empty, damaged, encrypted, without
 * video, a picture, a playlist, or larger than 16384 pixels a side.
 */
export async function openVideo(path: string, options: OpenVideoOptions = {}): Promise<VideoSource> {
  const demuxer = await openDemuxer(path, options.signal);
  let decoder: VideoDecoder | undefined;
  let reader: VideoFrameReader | undefined;
  try {
    const stream = chooseVideoStream(demuxer);
    await checkTruncation(path, options);
    for (const other of demuxer.format.streams) {
      if (other.index !== stream.index) other.discard = av.AVDISCARD_ALL;
    }
    const { range } = options;
    const cut = range ? cutOf(range, stream.timeBase) : resolveCut(demuxer.format, options);
    decoder = await VideoDecoder.open(demuxer, stream, {
      ...options,
      maximumPixels: maximumSide * maximumSide,
    });
    const seekTicks = range ? range.seekTicks : cutStartTicks(cut, stream.timeBase);
    if (seekTicks !== undefined) await demuxer.seek(stream.index, seekTicks);
    reader = new VideoFrameReader(decoder, stream, cut);
    const first = await reader.first();
    if (options.signal?.aborted) throw abortedError(options.signal);
    if (!first) throw nothingDecoded(demuxer, decoder, options);
    const chapters = await readChapters(demuxer.format);
    const info = describeVideo(demuxer, stream, first, chapters);
    checkSize(path, info.video.width, info.video.height);
    return new OpenedVideo(demuxer, decoder, reader, stream, info, cut, options);
  } catch (error) {
    await decoder?.close();
    await reader?.close();
    await demuxer.close();
    throw error;
  }
}

class OpenedVideo implements VideoSource {
  readonly path: string;
  readonly geometry: FrameGeometry;
  readonly timeBase: Rational;
  readonly sampleAspectRatio: Rational;
  readonly frameCountEstimate: number | undefined;
  readonly streamDisposition: av.AVDisposition;
  readonly sideData: readonly StreamSideData[];
  private closing: Promise<void> | undefined;

  constructor(
    private readonly demuxer: Demuxer,
    private readonly decoder: VideoDecoder,
    private readonly reader: VideoFrameReader,
    stream: av.Stream,
    readonly info: VideoInfo,
    readonly cut: Cut,
    private readonly options: OpenVideoOptions,
  ) {
    const { video } = info;
    const { width, height } = options.size ?? video;
    checkSize(demuxer.path, width, height);
    this.path = demuxer.path;
    this.geometry = { width, height, format: video.bitDepth > 8 ? 'rgb16' : 'rgb8' };
    this.timeBase = video.timeBase;
    this.sampleAspectRatio = scaledAspect(video.sampleAspectRatio, video, { width, height });
    this.frameCountEstimate = estimateWithin(info, cut);
    this.streamDisposition = stream.disposition;
    // Copies: the originals go with the container.
    this.sideData = stream.codecpar
      .getAllCodedSideData()
      .map(({ type, data }) => ({ type, data: Buffer.from(data) }));
    this.announce();
  }

  get firstPicture(): av.Frame | undefined {
    return this.reader.firstPicture;
  }

  async *frames(signal?: AbortSignal): AsyncGenerator<SourceFrame> {
    yield* this.reader.frames(this.geometry, signal ?? this.options.signal);
    this.announceDamage();
  }

  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async closeOnce(): Promise<void> {
    await this.decoder.close();
    await this.reader.close();
    await this.demuxer.close();
  }

  private announce(): void {
    const { video } = this.info;
    if (video.interlaced !== 'no')
      this.notice('The input is interlaced: every frame is processed whole and stays so.');
    // WebM keeps transparency in a second picture, which FFmpeg's own decoder does not read.
    const transparent = video.pixelFormat.alpha || video.metadata['alpha_mode'] === '1';
    if (transparent) this.notice('The transparency of the input is left out.');
    if (video.hdr.dolbyVision)
      this.notice('The Dolby Vision layer of the input is left out; HDR10 or HLG stays.');
  }

  private announceDamage(): void {
    const { corrupt, readError } = this.decoder.damage;
    if (corrupt > 0)
      this.notice(
        `The input is damaged: ${corrupt} packets or frames had errors and were repaired or skipped.`,
      );
    if (readError !== undefined) this.notice(`The input ends early: ${av.FFmpegError.strerror(readError)}.`);
  }

  private notice(sentence: string): void {
    this.options.onNotice?.(sentence);
  }
}

function nothingDecoded(demuxer: Demuxer, decoder: VideoDecoder, options: OpenVideoOptions): VidstyleError {
  const path = `"${demuxer.path}"`;
  if (decoder.damage.corrupt === 0 && options.start !== undefined) {
    return new VidstyleError('input', `${path} has no frames from second ${options.start} on.`);
  }
  return new VidstyleError(
    'input',
    `${path} holds no frame that can be decoded: it is damaged, cut short or encrypted.`,
  );
}

function scaledAspect(
  aspect: Rational,
  from: { width: number; height: number },
  to: { width: number; height: number },
): Rational {
  if (from.width === to.width && from.height === to.height) return aspect;
  const num = BigInt(aspect.num) * BigInt(from.width) * BigInt(to.height);
  const den = BigInt(aspect.den) * BigInt(to.width) * BigInt(from.height);
  const divisor = av.avGcd(num, den);
  return { num: Number(num / divisor), den: Number(den / divisor) };
}

function estimateWithin(info: VideoInfo, cut: Cut): number | undefined {
  const { frameCountEstimate, durationSeconds } = info.video;
  if (cut.startMicroseconds === undefined && cut.endMicroseconds === undefined) return frameCountEstimate;
  if (frameCountEstimate === undefined || durationSeconds === undefined || durationSeconds <= 0)
    return undefined;
  const begin =
    Number(cut.startMicroseconds ?? 0n) / 1e6 - (cut.startMicroseconds === undefined ? 0 : info.startSeconds);
  const end =
    cut.endMicroseconds === undefined
      ? durationSeconds
      : Number(cut.endMicroseconds) / 1e6 - info.startSeconds;
  const share = Math.max(0, Math.min(durationSeconds, end) - begin) / durationSeconds;
  return Math.ceil(frameCountEstimate * share);
}
