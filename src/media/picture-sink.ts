import { rename, rm, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Sharp } from 'sharp';
import { VidstyleError } from '../errors.js';
import type { FrameGeometry, FrameSink, SinkFrame } from './frames.js';
import { frameBytes } from './frames.js';
import { checkWritable, partPathOf, writeFailure } from './muxer.js';
import { embedMetadata } from './picture-metadata.js';
import type { PictureSource } from './picture-source.js';
import { loadSharp } from './sharp.js';

/** The formats that pictures are written in. */
export type PictureFormat = 'png' | 'jpeg' | 'webp';

/** How to write a picture. */
export interface PictureSinkOptions {
  /** Size of the frame; default the source's. */
  readonly geometry?: FrameGeometry | undefined;
  /** JPEG and WebP quality, 1 to 100; default 95. */
  readonly quality?: number | undefined;
  /** Called with a sentence for whatever the user should know. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** A picture being written. */
export interface PictureSink extends FrameSink, AsyncDisposable {
  readonly path: string;
  readonly description: string;
}

/** The picture format that a file name's ending names; undefined for any other. */
export function pictureFormatOf(path: string): PictureFormat | undefined {
  const ending = extname(path).slice(1).toLowerCase();
  return ({ png: 'png', jpg: 'jpeg', jpeg: 'jpeg', webp: 'webp' } as const)[ending as 'png'];
}

/**
 * Starts writing a picture that keeps the source's colour profile, EXIF data and transparency, and 16 bits a sample in
 * a PNG; what the format cannot hold is announced.
 *
 * @throws VidstyleError `output` for an ending other than .png, .jpg, .jpeg and .webp, and for a place that cannot be
 * written.
 */
export async function createPictureSink(
  path: string,
  source: PictureSource,
  options: PictureSinkOptions = {},
): Promise<PictureSink> {
  const format = pictureFormatOf(path);
  if (!format) throw new VidstyleError('output', `"${path}": a picture is written as .png, .jpg or .webp.`);
  const geometry = options.geometry ?? source.geometry;
  if (format === 'jpeg' && source.alpha) options.onNotice?.('JPEG holds no transparency: it is left out.');
  if (format !== 'png' && geometry.format === 'rgb16')
    options.onNotice?.(`The output has 8 bits a sample, the input 16: use .png to keep them.`);
  await checkWritable(path);
  return new EncodingPictureSink(path, source, format, geometry, options.quality ?? 95);
}

class EncodingPictureSink implements PictureSink {
  private picture: Buffer | undefined;
  private ended = false;

  constructor(
    readonly path: string,
    private readonly source: PictureSource,
    private readonly format: PictureFormat,
    readonly geometry: FrameGeometry,
    private readonly quality: number,
  ) {}

  get description(): string {
    return this.format === 'png'
      ? `PNG, ${this.geometry.format === 'rgb16' ? 16 : 8} bits`
      : `${this.format.toUpperCase()}, quality ${this.quality}`;
  }

  async write(frame: SinkFrame): Promise<void> {
    if (this.ended) throw new VidstyleError('output', `"${this.path}" is closed already.`);
    if (frame.pixels.byteLength !== frameBytes(this.geometry))
      throw new RangeError(`a frame is ${frameBytes(this.geometry)} bytes`);
    if (frame.index > 0)
      throw new VidstyleError('output', `"${this.path}" is a picture and holds one frame only.`);
    const { iccProfile, exif } = this.source.info;
    const encoded = await this.encode(await this.withAlpha(frame.pixels));
    this.picture = embedMetadata(encoded, this.format, { iccProfile, exif });
  }

  async finish(): Promise<void> {
    if (!this.picture) throw new VidstyleError('output', `"${this.path}" got no frame.`);
    this.ended = true;
    const part = partPathOf(this.path);
    try {
      await writeFile(part, this.picture);
      await rename(part, this.path);
    } catch (cause) {
      await rm(part, { force: true });
      throw writeFailure(this.path, cause);
    }
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await rm(partPathOf(this.path), { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  /** The frame with the source's transparency, scaled along when the picture is. */
  private async withAlpha(pixels: Uint8Array): Promise<Sharp> {
    const { width, height, format } = this.geometry;
    const deep = format === 'rgb16';
    const sharp = await loadSharp();
    const image = sharp(samplesOf(pixels, deep), { raw: { width, height, channels: 3 } }).toColourspace(
      deep ? 'rgb16' : 'srgb',
    );
    const { alpha } = this.source;
    if (!alpha || this.format === 'jpeg') return image;
    const from = this.source.geometry;
    const scaled = await sharp(alpha, { raw: { width: from.width, height: from.height, channels: 1 } })
      .resize({ width, height, fit: 'fill' })
      .toColourspace(alpha instanceof Uint16Array ? 'grey16' : 'b-w')
      .raw({ depth: alpha instanceof Uint16Array ? 'ushort' : 'uchar' })
      .toBuffer();
    return image.joinChannel(scaled, {
      raw: { width, height, channels: 1, ...(deep && { depth: 'ushort' as const }) },
    });
  }

  private encode(image: Sharp): Promise<Buffer> {
    const { quality } = this;
    if (this.format === 'png') return image.png().toBuffer();
    const eightBit = image.toColourspace('srgb');
    if (this.format === 'jpeg') return eightBit.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
    return eightBit.webp({ quality }).toBuffer();
  }
}

/** sharp takes no shared memory, so the samples are copied out of it. */
function samplesOf(pixels: Uint8Array, deep: boolean): Uint8Array | Uint16Array {
  const copy = Uint8Array.from(pixels);
  return deep ? new Uint16Array(copy.buffer) : copy;
}
