import { VidstyleError } from '../errors.js';
import type { Container } from './container.js';
import { checkFrameSize } from './frame-size-limits.js';
import type { FrameGeometry } from './frames.js';
import { checkPreset, encoderOptions } from './encoder-options.js';
import * as av from './node-av.js';
import { describePixelFormat, pixelFormatName } from './pixel-format.js';
import type { VideoSource } from './open-video.js';
import type { VideoStreamInfo } from './video-info.js';

/** What a caller wants of the encoder; what is absent is chosen. */
export interface EncoderWishes {
  /** FFmpeg's encoder name, as `libx264`, `libsvtav1`, `hevc_nvenc`. Default by container and bit depth. */
  readonly codec?: string | undefined;
  /** Constant quality; smaller is better. Default by encoder. */
  readonly crf?: number | undefined;
  /** The encoder's speed preset. Default by encoder. */
  readonly preset?: string | undefined;
  /** FFmpeg's pixel format name. Default 4:2:0 of the source's depth. */
  readonly pixelFormat?: string | undefined;
  /** Any other option of FFmpeg or of the encoder, by FFmpeg's name: `{ tune: 'film', g: 250 }`. */
  readonly encoderOptions?: Readonly<Record<string, string | number>> | undefined;
}

export interface EncoderChoice {
  readonly codec: av.Codec;
  readonly name: string;
  readonly pixelFormat: av.AVPixelFormat;
  /** FFmpeg's options by name, the wishes' included. */
  readonly options: Readonly<Record<string, string>>;
  /** Sentences on what the choice changes in the picture. */
  readonly notices: readonly string[];
}

/**
 * Chooses encoder, pixel format and settings: H.264 for 8 bits and HEVC for more, VP9 in WebM, and what the caller
 * wishes before that.
 *
 * @throws VidstyleError `usage` for an encoder that FFmpeg does not have here; `output` for frames larger than the format
 *   holds.
 */
export function chooseEncoder(
  container: Container,
  source: VideoSource,
  geometry: FrameGeometry,
  wishes: EncoderWishes,
): EncoderChoice {
  const { video } = source.info;
  const name = wishes.codec ?? defaultEncoder(container, geometry.format === 'rgb16');
  const codec = findEncoder(name);
  checkPreset(codec.name ?? name, wishes.preset);
  checkFrameSize(codec.name ?? name, geometry);
  const wanted = wishes.pixelFormat ?? defaultPixelFormat(name, video, geometry);
  const pixelFormat = supportedPixelFormat(codec, name, wanted, wishes.pixelFormat !== undefined);
  return {
    codec,
    name: codec.name ?? name,
    pixelFormat,
    options: encoderOptions(codec.name ?? name, source, geometry, wishes),
    notices: pictureNotices(video, pixelFormatName(pixelFormat)),
  };
}

/** The encoder of a container's videos where none is asked for. */
export function defaultEncoder(container: Container, deep: boolean): string {
  switch (container.name) {
    case 'webm':
      return 'libvpx-vp9';
    case 'ogg':
      return 'libtheora';
    case 'mpeg':
    case 'vob':
    case 'mxf':
      return 'mpeg2video';
    case 'avi':
    case 'flv':
      return 'libx264';
    default:
      return deep ? 'libx265' : 'libx264';
  }
}

/** @throws VidstyleError `usage` for an encoder that FFmpeg does not have here. */
export function findEncoder(name: string): av.Codec {
  const codec = encoderByName(aliases[name.toLowerCase()] ?? name);
  if (codec?.type === av.AVMEDIA_TYPE_VIDEO) return codec;
  throw new VidstyleError(
    'usage',
    `--codec ${name}: there is no such video encoder here; try libx264, libx265 or libsvtav1.`,
  );
}

/** FFmpeg's encoder of a name that may be anything; null where there is none. */
export function encoderByName(name: string): av.Codec | null {
  return av.Codec.findEncoderByName(name as Parameters<typeof av.Codec.findEncoderByName>[0]);
}

const aliases: Readonly<Record<string, string>> = {
  h264: 'libx264',
  avc: 'libx264',
  x264: 'libx264',
  h265: 'libx265',
  hevc: 'libx265',
  x265: 'libx265',
  av1: 'libsvtav1',
  vp9: 'libvpx-vp9',
  vp8: 'libvpx',
  prores: 'prores_ks',
};

function defaultPixelFormat(encoder: string, source: VideoStreamInfo, geometry: FrameGeometry): string {
  if (encoder.startsWith('prores')) return 'yuv422p10le';
  const odd = geometry.width % 2 !== 0 || geometry.height % 2 !== 0;
  const chroma = odd && needsEvenSize.test(encoder) ? '444' : '420';
  const depth = geometry.format === 'rgb8' ? 8 : source.bitDepth > 10 ? 12 : 10;
  return depth === 8 ? `yuv${chroma}p` : `yuv${chroma}p${depth}le`;
}

// With subsampled chroma, H.264 and HEVC count their size in pairs of pixels.
const needsEvenSize = /264|265|hevc/;

function supportedPixelFormat(
  codec: av.Codec,
  encoder: string,
  wanted: string,
  strict: boolean,
): av.AVPixelFormat {
  const format = av.avGetPixFmtFromName(wanted);
  const supported = codec.pixelFormats;
  if (format !== av.AV_PIX_FMT_NONE && (!supported || supported.includes(format))) return format;
  if (strict || !supported?.length) {
    const names = supported?.map(pixelFormatName).join(', ') ?? 'none';
    throw new VidstyleError('usage', `--pixel-format ${wanted}: ${encoder} takes ${names}.`);
  }
  const software = supported.filter((candidate) => !av.avIsHardwarePixelFormat(candidate));
  return av.avcodecFindBestPixFmtOfList(software, format);
}

function pictureNotices(source: VideoStreamInfo, outputName: string): string[] {
  const output = describePixelFormat(outputName);
  const notices: string[] = [];
  if (output.bitDepth < Math.min(source.bitDepth, 12)) {
    notices.push(`The output has ${output.bitDepth} bits a sample, the input ${source.bitDepth}.`);
  }
  const { chroma } = source.pixelFormat;
  if (chroma !== undefined && output.chroma !== undefined && output.chroma < chroma) {
    notices.push(
      `The input's ${chroma.split('').join(':')} chroma becomes ${output.chroma.split('').join(':')}; a pixel format can be asked for.`,
    );
  } else if (chroma === '420' && output.chroma === '444') {
    notices.push('The odd frame size needs 4:4:4 chroma, which some players cannot show.');
  }
  return notices;
}

/** Whether FFmpeg has an encoder of this name here; one of a device may still find no device. */
export function hasEncoder(name: string): boolean {
  return encoderByName(name) !== null;
}
