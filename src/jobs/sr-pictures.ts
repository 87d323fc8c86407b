import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { VidstyleError } from '../errors.js';
import { resizeBicubic } from '../metrics/bicubic.js';
import { cropToMultiple } from '../metrics/crop.js';
import type { Raster } from '../metrics/raster.js';

/** One test picture: where its two sides are. Without `low` it is reduced from `high` bicubically. */
export interface SrPictureFiles {
  readonly name: string;
  readonly high: string;
  readonly low: string | undefined;
}

/** A named set of test pictures, such as Set5. */
export interface SrSet {
  readonly name: string;
  readonly pictures: readonly SrPictureFiles[];
}

/** A test picture at both resolutions, 8 bit; grey ones have one channel. */
export interface SrPicture {
  readonly high: Raster<Uint8Array>;
  readonly low: Raster<Uint8Array>;
}

/**
 * Finds test sets: pairs `*_HR.png` and `*_LR.png` (the published layout) in the folder, in its subfolder `x4`, or in
 * folders below, one set each. A folder of single pictures is a set too.
 *
 * @throws VidstyleError `input` if there are no pictures
 */
export async function findSrSets(folder: string, scale: number): Promise<SrSet[]> {
  const own = await setIn(folder, scale);
  if (own) return [own];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new VidstyleError('input', `The folder "${folder}" cannot be read.`, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const sets = await Promise.all(folders.sort(byNumber).map((name) => setIn(join(folder, name), scale)));
  const found = sets.filter((set) => set !== undefined);
  if (found.length > 0) return found;
  throw new VidstyleError('input', `There are no pictures for ×${scale} in "${folder}".`);
}

/** @throws VidstyleError `input` if a file cannot be read or the sides do not fit the scale */
export async function readSrPicture({ name, high, low }: SrPictureFiles, scale: number): Promise<SrPicture> {
  const whole = await read(high);
  if (low === undefined) {
    const cut = cropToMultiple(whole, scale);
    return { high: cut, low: resizeBicubic(cut, 1 / scale) };
  }
  const reduced = await read(low);
  if (reduced.width * scale === whole.width && reduced.height * scale === whole.height) {
    return { high: whole, low: reduced };
  }
  throw new VidstyleError('input', `"${name}": its low-resolution side is not ${scale} times smaller.`);
}

/** A grey picture as the RGB that networks take; RGB as it is. */
export function asRgb(picture: Raster<Uint8Array>): Raster<Uint8Array> {
  if (picture.channels === 3) return picture;
  const data = new Uint8Array(picture.data.length * 3);
  picture.data.forEach((value, i) => data.fill(value, i * 3, i * 3 + 3));
  return { ...picture, channels: 3, data };
}

/** The single channel of a grey picture that went through as RGB. */
export function asGrey(picture: Raster<Uint8Array>): Raster<Uint8Array> {
  const data = new Uint8Array(picture.width * picture.height).map((_, i) => picture.data[i * 3 + 1] ?? 0);
  return { ...picture, channels: 1, data };
}

const isPicture = /\.(png|jpe?g|bmp|tiff?|webp)$/i;

async function setIn(folder: string, scale: number): Promise<SrSet | undefined> {
  for (const place of [folder, join(folder, `x${scale}`)]) {
    const files = (await readdir(place).catch(() => []))
      .filter((name) => isPicture.test(name))
      .sort(byNumber);
    const pairs = files.filter((name) => name.includes('_HR.'));
    const chosen = pairs.length > 0 ? pairs : files;
    if (chosen.length === 0) continue;
    const pictures = chosen.map((name) => {
      const reduced = name.replace('_HR.', '_LR.');
      const low = pairs.length > 0 && files.includes(reduced) ? join(place, reduced) : undefined;
      return { name, high: join(place, name), low };
    });
    return { name: basename(folder), pictures };
  }
  return undefined;
}

/** Set5 comes before Set14. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

async function read(file: string): Promise<Raster<Uint8Array>> {
  try {
    const picture = sharp(file).flatten({ background: '#fff' });
    const isGrey = (await sharp(file).metadata()).channels < 3;
    const { data, info } = await (isGrey ? picture.toColourspace('b-w') : picture.toColourspace('srgb'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (cause) {
    throw new VidstyleError('input', `"${file}" cannot be read as a picture.`, { cause });
  }
}
