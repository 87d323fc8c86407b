import { VidstyleError } from '../errors.js';
import { conversionMatrix, copyColorTags } from './color.js';
import type { FrameGeometry } from './frames.js';
import { frameBytes } from './frames.js';
import * as av from './node-av.js';
import { describePixelFormat, pixelFormatName } from './pixel-format.js';

/**
 * Converts pictures between FFmpeg's pixel formats and packed RGB. The matrix and range come from the pictures'
 * tags; primaries and transfer stay as they are. Both directions interpolate chroma where it is subsampled and round
 * exactly: swscale's default unscaled path is six times faster but darkens by one level in 256.
 */
export class PixelConverter {
  private readonly context: av.SoftwareScaleContext;
  private scratch: Uint8Array | undefined;
  private closed = false;

  /** @param options.scaling whether the size changes as well; `deep` whether the RGB side has 16 bits. */
  constructor(options: { readonly scaling?: boolean; readonly deep?: boolean } = {}) {
    this.context = new av.SoftwareScaleContext();
    this.context.allocContext();
    // FFmpeg 8.1's two-row filter for 16-bit RGB reads one chroma plane for both; the bicubic one is sound.
    const filter = options.scaling === true || options.deep === true ? av.SWS_BICUBIC : av.SWS_BILINEAR;
    this.context.setOption('sws_flags', filter | exact);
    this.context.setOption('threads', 2);
  }

  /** Writes a decoded picture as packed RGB straight into `into`, scaled to `geometry`. */
  toRgb(picture: av.Frame, into: Uint8Array, geometry: FrameGeometry): void {
    this.assertOpen();
    const rgb = wrapPixels(into, geometry);
    try {
      tagForMatrixOnly(picture); // nobody reads the tags of the decoder's picture afterwards
      markAsRgb(rgb, picture);
      check(this.context.scaleFrameSync(rgb, picture));
    } finally {
      rgb.free();
    }
    if (geometry.format === 'rgb16') stretch(samples16(into));
  }

  /** Converts packed RGB into `picture`, whose format, size and colour tags are set. Runs on FFmpeg's threads. */
  async fromRgb(pixels: Uint8Array, geometry: FrameGeometry, picture: av.Frame): Promise<void> {
    this.assertOpen();
    const rgb = wrapPixels(geometry.format === 'rgb16' ? this.shrunk(pixels) : pixels, geometry);
    const { colorSpace, colorPrimaries, colorTrc } = picture;
    try {
      tagForMatrixOnly(picture);
      markAsRgb(rgb, picture);
      check(await this.context.scaleFrame(picture, rgb));
    } finally {
      Object.assign(picture, { colorSpace, colorPrimaries, colorTrc });
      rgb.free();
    }
  }

  /** FFmpeg would crash on a context that is freed. */
  private assertOpen(): void {
    if (this.closed) throw new Error('the video is closed, its frames cannot be read any more');
  }

  private shrunk(pixels: Uint8Array): Uint8Array {
    if (this.scratch?.byteLength !== pixels.byteLength) this.scratch = new Uint8Array(pixels.byteLength);
    shrink(samples16(pixels), samples16(this.scratch));
    return this.scratch;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.context.freeContext();
  }
}

const exact = av.SWS_ACCURATE_RND | av.SWS_FULL_CHR_H_INT | av.SWS_FULL_CHR_H_INP;

/*
 * To swscale, white in 16 bits is 255 × 256 = 65280 (8 bits shifted up), not 65535. Left alone, networks would see and
 * give whites one 8-bit level off.
 */

/** 65280 becomes 65535: v × 257/256. */
function stretch(samples: Uint16Array): void {
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    samples[index] = Math.min(65535, value + (value >> 8));
  }
}

/** 65535 becomes 65280: v × 256/257. */
function shrink(samples: Uint16Array, into: Uint16Array): void {
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    into[index] = value - (value >> 8);
  }
}

function samples16(pixels: Uint8Array): Uint16Array {
  return new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.byteLength / 2);
}

/** Packed RGB of a geometry as FFmpeg calls it; 16-bit samples are native-endian. */
export function rgbPixelFormat(geometry: FrameGeometry): av.AVPixelFormat {
  if (geometry.format === 'rgb8') return av.AV_PIX_FMT_RGB24;
  return littleEndian ? av.AV_PIX_FMT_RGB48LE : av.AV_PIX_FMT_RGB48BE;
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A picture over the caller's memory; it owns nothing, so it must not outlive `pixels`. */
function wrapPixels(pixels: Uint8Array, geometry: FrameGeometry): av.Frame {
  const expected = frameBytes(geometry);
  if (pixels.byteLength !== expected) {
    throw new RangeError(`a ${describe(geometry)} frame is ${expected} bytes, not ${pixels.byteLength}`);
  }
  const frame = new av.Frame();
  frame.alloc();
  frame.width = geometry.width;
  frame.height = geometry.height;
  frame.format = rgbPixelFormat(geometry);
  frame.fromBuffer(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  return frame;
}

function describe(geometry: FrameGeometry): string {
  return `${geometry.width}×${geometry.height} ${geometry.format}`;
}

function isRgb(picture: av.Frame): boolean {
  return describePixelFormat(pixelFormatName(picture.format as av.AVPixelFormat)).rgb;
}

/**
 * Tags a picture so that swscale applies a matrix and nothing else. Given HDR tags on one side only (the peak of a
 * mastering display, say) it would map tones and gamut as well, a second a frame.
 */
function tagForMatrixOnly(picture: av.Frame): void {
  if (!isRgb(picture)) picture.colorSpace = conversionMatrix(picture.colorSpace, picture.height);
  picture.colorPrimaries = av.AVCOL_PRI_BT709;
  picture.colorTrc = av.AVCOL_TRC_BT709;
  for (const type of toneMappingSideData) picture.removeSideData(type);
}

const toneMappingSideData = [
  av.AV_FRAME_DATA_MASTERING_DISPLAY_METADATA,
  av.AV_FRAME_DATA_CONTENT_LIGHT_LEVEL,
  av.AV_FRAME_DATA_DYNAMIC_HDR_PLUS,
  av.AV_FRAME_DATA_DYNAMIC_HDR_VIVID,
  av.AV_FRAME_DATA_DOVI_METADATA,
];

/** Full-range RGB of the same primaries, transfer and scan as `picture`, so that only the matrix is applied. */
function markAsRgb(rgb: av.Frame, picture: av.Frame): void {
  copyColorTags(picture, rgb);
  rgb.colorSpace = av.AVCOL_SPC_RGB;
  rgb.colorRange = av.AVCOL_RANGE_JPEG;
  rgb.flags = picture.flags & (av.AV_FRAME_FLAG_INTERLACED | av.AV_FRAME_FLAG_TOP_FIELD_FIRST);
}

function check(code: number): void {
  if (code < 0) {
    throw new VidstyleError(
      'input',
      `The pixel format cannot be converted: ${av.FFmpegError.strerror(code)}.`,
    );
  }
}
