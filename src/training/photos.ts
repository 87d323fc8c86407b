import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { messageOf, VidstyleError } from '../errors.js';
import { permutation, randomAt } from './random.js';

const pictureExtensions = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif']);

/** Decoded pixels: packed RGB, 8 bit. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PhotoSetOptions {
  /** Photos whose short side is smaller are skipped and counted. Pixels. */
  readonly minimumSize: number;
  readonly seed: number;
}

/** A folder of photographs, visited in a seeded random order, one full pass after another. */
export class PhotoSet {
  /** Files found unreadable or too small, with the reason. */
  readonly skipped = new Map<string, string>();
  private order: { readonly pass: number; readonly indices: Uint32Array } | undefined;

  private constructor(
    readonly files: readonly string[],
    private readonly options: PhotoSetOptions,
  ) {}

  /**
   * Finds the pictures below a folder.
   * @throws VidstyleError `training` if the folder cannot be read or holds no pictures
   */
  static async open(folder: string, options: PhotoSetOptions): Promise<PhotoSet> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
      (cause: unknown) => {
        throw new VidstyleError('training', `The folder of photos "${folder}" cannot be read.`, { cause });
      },
    );
    const files = entries
      .filter((entry) => entry.isFile() && pictureExtensions.has(extname(entry.name).toLowerCase()))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort(); // the order of a directory is not the same everywhere
    if (files.length === 0) throw new VidstyleError('training', `There are no photos in "${folder}".`);
    return new PhotoSet(files, options);
  }

  /** Index of the photo at a position of the endless random order. */
  indexAt(position: number): number {
    const pass = Math.floor(position / this.files.length);
    if (this.order?.pass !== pass) {
      const random = randomAt(this.options.seed, 'photos', pass);
      this.order = { pass, indices: permutation(this.files.length, random) };
    }
    return this.order.indices[position % this.files.length] ?? 0;
  }

  /**
   * A photo's pixels made by `decode`; one that is unreadable or tiny is noted in {@link skipped} and the next file
   * takes its place.
   * @throws VidstyleError `training` if no photo at all is usable
   */
  async read(index: number, decode: (file: string) => Promise<Pixels>): Promise<Pixels> {
    for (let tried = 0; tried < this.files.length; tried++) {
      const file = this.files[(index + tried) % this.files.length] ?? '';
      if (this.skipped.has(file)) continue;
      try {
        const { width, height } = await sharp(file).metadata();
        if (Math.min(width, height) >= this.options.minimumSize) return await decode(file);
        this.skipped.set(file, `only ${width}×${height}`);
      } catch (cause) {
        this.skipped.set(file, messageOf(cause));
      }
    }
    throw new VidstyleError('training', 'None of the photos is readable and large enough.');
  }
}

/**
 * A square crop of a photo: scaled so that the short side is `size` to 1.25 × `size`, then cut at random, mirrored half
 * the time.
 */
export async function randomSquare(file: string, size: number, random: () => number): Promise<Pixels> {
  const shortSide = Math.round(size * (1 + random() / 4));
  const scaled = await decodeRgb(sharp(file).rotate().resize(shortSide, shortSide, { fit: 'outside' }));
  const left = Math.floor(random() * (scaled.width - size + 1));
  const top = Math.floor(random() * (scaled.height - size + 1));
  return cut(scaled, { left, top, width: size, height: size, mirrored: random() < 0.5 });
}

/**
 * Pixels of a picture, EXIF orientation applied, scaled so that its short or long side fits, if told.
 * @throws VidstyleError `input` if it cannot be read
 */
export async function readPixels(
  file: string,
  size: { readonly shortSide?: number | undefined; readonly longSide?: number } = {},
): Promise<Pixels> {
  const side = size.shortSide ?? size.longSide;
  const picture = sharp(file).rotate();
  const fitted = side
    ? picture.resize(side, side, { fit: size.shortSide === undefined ? 'inside' : 'outside' })
    : picture;
  return decodeRgb(fitted).catch((cause: unknown) => {
    throw new VidstyleError('input', `"${file}" cannot be read as a picture.`, { cause });
  });
}

async function decodeRgb(picture: Sharp): Promise<Pixels> {
  const { data, info } = await picture
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels instead of 3`);
  return { data, width: info.width, height: info.height };
}

interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly mirrored: boolean;
}

/** Copies a rectangle out of a picture. */
export function cut(from: Pixels, { left, top, width, height, mirrored }: Cut): Pixels {
  const data = new Uint8Array(width * height * 3);
  const [first, step] = mirrored ? [left + width - 1, -3] : [left, 3];
  for (let y = 0, at = 0; y < height; y++) {
    let source = ((top + y) * from.width + first) * 3;
    for (let x = 0; x < width; x++, source += step) {
      data[at++] = from.data[source] as number;
      data[at++] = from.data[source + 1] as number;
      data[at++] = from.data[source + 2] as number;
    }
  }
  return { data, width, height };
}
