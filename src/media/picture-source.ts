import { readFile } from 'node:fs/promises';
import type { Metadata } from 'sharp';
import { abortedError, messageOf, VidstyleError } from '../errors.js';
import type { FrameGeometry, FrameSource, SourceFrame } from './frames.js';
import { frameBytes } from './frames.js';
import { checkInputFile, fileError, maximumSide } from './input-checks.js';
import { uprightExif } from './picture-metadata.js';
import { loadSharp } from './sharp.js';

/** How to read a picture. */
export interface OpenPictureOptions {
  /** Scale the picture to this size while reading; default its own. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Called with a sentence for whatever the user should know. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a picture file holds beside its pixels. */
export interface PictureInfo {
  readonly path: string;
  /** `png`, `jpeg`, `webp`, … */
  readonly format: string;
  /** Bits a sample: 8 or 16. */
  readonly bitDepth: 8 | 16;
  /** The ICC colour profile that the samples are in; undefined for sRGB. */
  readonly iccProfile: Buffer | undefined;
  /** EXIF data, its orientation set to upright. */
  readonly exif: Buffer | undefined;
}

/** A picture as a source of one frame, turned upright. */
export interface PictureSource extends FrameSource, AsyncDisposable {
  readonly path: string;
  readonly info: PictureInfo;
  /** Transparency, one sample a pixel of the frame's own depth; undefined for an opaque picture. */
  readonly alpha: Uint8Array | Uint16Array | undefined;
}

/**
 * Opens a PNG, JPEG, WebP, TIFF or AVIF picture. The EXIF orientation is applied; samples stay in the picture's own
 * colour profile, which a sink keeps.
 *
 * @throws VidstyleError `input` with one sentence for a file that is missing, empty, damaged or too large.
 */
export async function openPicture(path: string, options: OpenPictureOptions = {}): Promise<PictureSource> {
  await checkInputFile(path);
  // Read here rather than by sharp, which caches by file name and so returns old contents of a file written anew.
  const file = await readFile(path).catch((cause: unknown) => Promise.reject(fileError(path, cause)));
  const metadata = await readMetadata(path, file);
  const width = options.size?.width ?? metadata.autoOrient.width;
  const height = options.size?.height ?? metadata.autoOrient.height;
  if (Math.max(width, height) > maximumSide) {
    throw new VidstyleError(
      'input',
      `"${path}" is ${width}×${height}; the limit is ${maximumSide} pixels a side.`,
    );
  }
  if ((metadata.pages ?? 1) > 1 && metadata.format !== 'tiff') {
    options.onNotice?.(`"${path}" is animated: only its first picture is used.`);
  }
  const deep = metadata.depth === 'ushort' || metadata.depth === 'float';
  const geometry: FrameGeometry = { width, height, format: deep ? 'rgb16' : 'rgb8' };
  // Grey and CMYK become RGB through their profile, which then no longer describes the samples.
  const keepProfile = metadata.icc !== undefined && /^(srgb|rgb|rgb16)$/.test(metadata.space);
  const pixels = await readSamples(path, file, geometry, keepProfile, 3);
  const alpha = metadata.hasAlpha ? await readSamples(path, file, geometry, keepProfile, 'alpha') : undefined;
  if (options.signal?.aborted) throw abortedError(options.signal);
  const info: PictureInfo = {
    path,
    format: metadata.format,
    bitDepth: deep ? 16 : 8,
    iccProfile: keepProfile ? metadata.icc : undefined,
    exif: metadata.exif && uprightExif(metadata.exif),
  };
  return new OpenedPicture(path, geometry, info, pixels, alpha);
}

class OpenedPicture implements PictureSource {
  readonly frameCountEstimate = 1;
  private pixels: Uint8Array | undefined;

  constructor(
    readonly path: string,
    readonly geometry: FrameGeometry,
    readonly info: PictureInfo,
    pixels: Samples,
    readonly alpha: Samples | undefined,
  ) {
    this.pixels = bytesOf(pixels);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface is that of sources that wait
  async *frames(signal?: AbortSignal): AsyncGenerator<SourceFrame> {
    if (signal?.aborted) throw abortedError(signal);
    const { pixels, geometry } = this;
    if (!pixels) return;
    yield {
      index: 0,
      ptsTicks: 0n,
      durationTicks: 1n,
      read(into: Uint8Array): void {
        if (into.byteLength !== frameBytes(geometry))
          throw new RangeError(`a frame is ${frameBytes(geometry)} bytes`);
        into.set(pixels);
      },
      close: () => undefined,
    };
  }

  close(): Promise<void> {
    this.pixels = undefined;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type Samples = Uint8Array | Uint16Array;

async function readMetadata(path: string, file: Buffer): Promise<Metadata> {
  const sharp = await loadSharp();
  try {
    return await sharp(file, { limitInputPixels: maximumSide * maximumSide }).metadata();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function readSamples(
  path: string,
  file: Buffer,
  geometry: FrameGeometry,
  ignoreIcc: boolean,
  channels: 3 | 'alpha',
): Promise<Samples> {
  const deep = geometry.format === 'rgb16';
  const sharp = await loadSharp();
  try {
    let image = sharp(file, {
      limitInputPixels: maximumSide * maximumSide,
      ignoreIcc,
      failOn: 'error',
    }).autoOrient();
    image = image.resize({ width: geometry.width, height: geometry.height, fit: 'fill' });
    if (channels === 'alpha')
      image = image
        .ensureAlpha()
        .toColourspace(deep ? 'rgb16' : 'srgb')
        .extractChannel(3);
    else image = image.removeAlpha().toColourspace(deep ? 'rgb16' : 'srgb');
    const { data } = await image
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return deep ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function bytesOf(samples: Samples): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function unreadable(path: string, cause: unknown): VidstyleError {
  const reason = messageOf(cause).includes('pixel limit')
    ? `is larger than ${maximumSide} pixels a side`
    : 'cannot be read as a picture: it is damaged or cut short';
  return new VidstyleError('input', `"${path}" ${reason}.`, { cause });
}
