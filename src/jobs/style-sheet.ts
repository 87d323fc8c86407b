import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { restyle } from './restyle.js';

const tile = { width: 480, height: 320 };
const columns = 3;

/** Draws every style on a picture as one PNG: the picture itself first, three a row, each with its name. */
export async function drawStyleSheet(
  picture: string,
  output: string,
  styles: readonly string[],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-sheet-'));
  try {
    const base = join(folder, 'picture.png');
    await sharp(await readFile(picture))
      .rotate()
      .flatten()
      .resize(tile.width, tile.height)
      .png()
      .toFile(base);
    const tiles = [await labelled(base, 'original')];
    for (const style of styles) {
      const result = join(folder, `${styles.indexOf(style)}.png`);
      await restyle(base, { style, output: result }).done;
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
