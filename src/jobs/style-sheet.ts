import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { VidstyleError } from '../errors.js';
import { sniffPicture } from '../media/index.js';
import type { ProcessOptions } from './options.js';
import { checkPaths } from './paths.js';
import { restyle } from './restyle.js';

const tile = { width: 480, height: 320 };
const columns = 3;

/**
 * Draws every style on a picture as one PNG: the picture itself first, three a row, each with its name.
 * @throws VidstyleError `usage` when `output` is there already, `input` for what is no picture
 */
export async function drawStyleSheet(
  picture: string,
  output: string,
  styles: readonly string[],
  options: Pick<ProcessOptions, 'overwrite' | 'signal'> = {},
): Promise<void> {
  await checkPaths(picture, output, options);
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-sheet-'));
  try {
    const base = join(folder, 'picture.png');
    await prepare(picture, base);
    const tiles = [await labelled(base, 'original')];
    for (const style of styles) {
      const result = join(folder, `${styles.indexOf(style)}.png`);
      await restyle(base, { style, output: result, signal: options.signal }).done;
      tiles.push(await labelled(result, style));
    }
    const rows = Math.ceil(tiles.length / columns);
    const sheet = sharp({
      create: { width: tile.width * columns, height: tile.height * rows, channels: 3, background: '#fff' },
    });
    const placed = tiles.map((input, i) => ({
      input,
      left: (i % columns) * tile.width,
      top: Math.floor(i / columns) * tile.height,
    }));
    await sheet.composite(placed).png().toFile(output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(picture: string, into: string): Promise<void> {
  await sniffPicture(picture); // refuses what is missing or empty in one sentence
  await sharp(await readFile(picture))
    .rotate()
    .flatten()
    .resize(tile.width, tile.height)
    .png()
    .toFile(into)
    .catch((cause: unknown) => {
      throw new VidstyleError('input', `"${picture}" cannot be read as a picture.`, { cause });
    });
}

function labelled(path: string, text: string): Promise<Buffer> {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const label = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${tile.width}" height="28">` +
      `<rect width="100%" height="100%" fill="#000" fill-opacity="0.55"/>` +
      `<text x="8" y="20" font-family="sans-serif" font-size="17" fill="#fff">${escaped}</text></svg>`,
  );
  return sharp(path)
    .composite([{ input: label, gravity: 'south' }])
    .png()
    .toBuffer();
}
