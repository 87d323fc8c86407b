import type { Chapter } from './chapters.js';
import type { ColorInfo } from './color.js';
import { describeColor } from './color.js';
import type { Demuxer } from './demuxer.js';
import * as av from './node-av.js';
import { describePixelFormat, pixelFormatName } from './pixel-format.js';
import type { PixelFormatInfo } from './pixel-format.js';
import type { Rational } from './rational.js';
import { knownRational, ticksToSeconds } from './rational.js';
import { readRotation } from './rotation.js';

/** What a stream holds. */
export type StreamKind = 'video' | 'audio' | 'subtitle' | 'data' | 'attachment' | 'unknown';

/** One stream of a container. */
export interface StreamInfo {
  readonly index: number;
  readonly kind: StreamKind;
  /** FFmpeg's name, as `h264` or `aac`. */
  readonly codec: string;
  readonly timeBase: Rational;
  /** Title, language and the like. */
  readonly metadata: Readonly<Record<string, string>>;
  /** As `default`, `forced`, `attached_pic`. */
  readonly dispositions: readonly string[];
}

/** Static HDR metadata. */
export interface HdrInfo {
  /** SMPTE ST 2086 mastering display, as the container holds it. */
  readonly masteringDisplay: boolean;
  /** MaxCLL and MaxFALL, candela per square metre. */
  readonly contentLight: { readonly maxCll: number; readonly maxFall: number } | undefined;
  readonly dolbyVision: boolean;
}

/** The video stream that will be restyled. */
export interface VideoStreamInfo extends StreamInfo {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: PixelFormatInfo;
  /** Bits a sample. */
  readonly bitDepth: number;
  /** Average frame rate; undefined where unknown. */
  readonly frameRate: Rational | undefined;
  /** Whether average and base frame rate differ: a hint only, the timestamps are what counts. */
  readonly variableFrameRate: boolean;
  readonly durationSeconds: number | undefined;
  readonly frameCountEstimate: number | undefined;
  /** How far players turn the picture, clockwise: 0, 90, 180 or 270 (other angles are kept as they are). */
  readonly rotationDegrees: number;
  /** Pixel aspect ratio; 1:1 where the file does not say. */
  readonly sampleAspectRatio: Rational;
  readonly color: ColorInfo;
  readonly interlaced: 'no' | 'top field first' | 'bottom field first';
  readonly hdr: HdrInfo;
}

/** What a video file holds. */
export interface VideoInfo {
  readonly path: string;
  /** FFmpeg's name of the container, as `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly container: string;
  readonly startSeconds: number;
  readonly durationSeconds: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly chapters: readonly Chapter[];
  readonly streams: readonly StreamInfo[];
  readonly video: VideoStreamInfo;
}

/** Describes an opened container whose video stream's first picture has been decoded. */
export function describeVideo(
  demuxer: Demuxer,
  stream: av.Stream,
  first: av.Frame,
  chapters: readonly Chapter[],
): VideoInfo {
  const { format } = demuxer;
  return {
    path: demuxer.path,
    container: demuxer.name,
    startSeconds: format.startTime === av.AV_NOPTS_VALUE ? 0 : Number(format.startTime) / 1e6,
    durationSeconds: containerSeconds(format),
    metadata: format.metadata?.getAll() ?? {},
    chapters,
    streams: format.streams.map(describeStream),
    video: describeVideoStream(format, stream, first),
  };
}

/** Describes any stream. */
export function describeStream(stream: av.Stream): StreamInfo {
  return {
    index: stream.index,
    kind: kinds.get(stream.codecpar.codecType) ?? 'unknown',
    codec: av.avGetCodecName(stream.codecpar.codecId) ?? 'unknown',
    timeBase: { num: stream.timeBase.num, den: stream.timeBase.den },
    metadata: stream.metadata?.getAll() ?? {},
    dispositions: dispositionNames
      .filter(([flag]) => (stream.disposition & flag) !== 0)
      .map(([, name]) => name),
  };
}

function describeVideoStream(format: av.FormatContext, stream: av.Stream, first: av.Frame): VideoStreamInfo {
  const pixelFormat = describePixelFormat(pixelFormatName(first.format as av.AVPixelFormat));
  const frameRate = knownRational(stream.avgFrameRate) ?? knownRational(stream.rFrameRate);
  const base = knownRational(stream.rFrameRate) ?? frameRate;
  const durationSeconds = streamSeconds(stream) ?? containerSeconds(format);
  return {
    ...describeStream(stream),
    width: first.width,
    height: first.height,
    pixelFormat,
    bitDepth: pixelFormat.bitDepth,
    frameRate,
    variableFrameRate: frameRate !== undefined && base !== undefined && !sameRate(frameRate, base),
    durationSeconds,
    frameCountEstimate: estimateFrames(stream, frameRate, durationSeconds),
    rotationDegrees: readRotation(stream),
    sampleAspectRatio: knownRational(stream.sampleAspectRatio) ??
      knownRational(stream.codecpar.sampleAspectRatio) ??
      knownRational(first.sampleAspectRatio) ?? { num: 1, den: 1 },
    color: describeColor(first),
    interlaced: interlacingOf(first),
    hdr: describeHdr(stream, first),
  };
}

function estimateFrames(
  stream: av.Stream,
  rate: Rational | undefined,
  seconds: number | undefined,
): number | undefined {
  if (stream.nbFrames > 0n) return Number(stream.nbFrames);
  if (rate === undefined || seconds === undefined) return undefined;
  return Math.round((seconds * rate.num) / rate.den);
}

/** Rates within 0.1 % count as one: averages carry the rounding of timestamps. */
function sameRate(a: Rational, b: Rational): boolean {
  return Math.abs((a.num * b.den) / (a.den * b.num) - 1) < 1e-3;
}

function streamSeconds(stream: av.Stream): number | undefined {
  return stream.duration > 0n ? ticksToSeconds(stream.duration, stream.timeBase) : undefined;
}

function containerSeconds(format: av.FormatContext): number | undefined {
  return format.duration > 0n ? Number(format.duration) / 1e6 : undefined;
}

function interlacingOf(frame: av.Frame): VideoStreamInfo['interlaced'] {
  if (!frame.hasFlags(av.AV_FRAME_FLAG_INTERLACED)) return 'no';
  return frame.hasFlags(av.AV_FRAME_FLAG_TOP_FIELD_FIRST) ? 'top field first' : 'bottom field first';
}

function describeHdr(stream: av.Stream, first: av.Frame): HdrInfo {
  const parameters = stream.codecpar;
  const light =
    parameters.getCodedSideData(av.AV_PKT_DATA_CONTENT_LIGHT_LEVEL) ??
    first.getSideData(av.AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
  return {
    masteringDisplay:
      parameters.getCodedSideData(av.AV_PKT_DATA_MASTERING_DISPLAY_METADATA) !== null ||
      first.getSideData(av.AV_FRAME_DATA_MASTERING_DISPLAY_METADATA) !== null,
    contentLight:
      light && light.length >= 8
        ? { maxCll: readNativeUint32(light, 0), maxFall: readNativeUint32(light, 4) }
        : undefined,
    dolbyVision: parameters.getCodedSideData(av.AV_PKT_DATA_DOVI_CONF) !== null,
  };
}

function readNativeUint32(bytes: Buffer, offset: number): number {
  return new Uint32Array(Uint8Array.prototype.slice.call(bytes, offset, offset + 4).buffer)[0] ?? 0;
}

const kinds: ReadonlyMap<av.AVMediaType, StreamKind> = new Map([
  [av.AVMEDIA_TYPE_VIDEO, 'video'],
  [av.AVMEDIA_TYPE_AUDIO, 'audio'],
  [av.AVMEDIA_TYPE_SUBTITLE, 'subtitle'],
  [av.AVMEDIA_TYPE_DATA, 'data'],
  [av.AVMEDIA_TYPE_ATTACHMENT, 'attachment'],
]);

const dispositionNames: readonly (readonly [av.AVDisposition, string])[] = [
  [av.AV_DISPOSITION_DEFAULT, 'default'],
  [av.AV_DISPOSITION_DUB, 'dub'],
  [av.AV_DISPOSITION_ORIGINAL, 'original'],
  [av.AV_DISPOSITION_COMMENT, 'comment'],
  [av.AV_DISPOSITION_LYRICS, 'lyrics'],
  [av.AV_DISPOSITION_KARAOKE, 'karaoke'],
  [av.AV_DISPOSITION_FORCED, 'forced'],
  [av.AV_DISPOSITION_HEARING_IMPAIRED, 'hearing_impaired'],
  [av.AV_DISPOSITION_VISUAL_IMPAIRED, 'visual_impaired'],
  [av.AV_DISPOSITION_CLEAN_EFFECTS, 'clean_effects'],
  [av.AV_DISPOSITION_ATTACHED_PIC, 'attached_pic'],
  [av.AV_DISPOSITION_TIMED_THUMBNAILS, 'timed_thumbnails'],
  [av.AV_DISPOSITION_CAPTIONS, 'captions'],
  [av.AV_DISPOSITION_DESCRIPTIONS, 'descriptions'],
  [av.AV_DISPOSITION_METADATA, 'metadata'],
  [av.AV_DISPOSITION_DEPENDENT, 'dependent'],
  [av.AV_DISPOSITION_STILL_IMAGE, 'still_image'],
];
