import sharp from 'sharp';
import { loadPresets, stylesOf } from '../../jobs/presets.js';
import { Network, type NetworkOptions } from '../network.js';

const geometry = { width: 128, height: 80, format: 'rgb8' } as const;

/** A little landscape to show styles on: a sky with a sun, hills, a house. */
const scene = `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="80">
<rect width="128" height="80" fill="#8cc4ee"/><circle cx="98" cy="20" r="11" fill="#ffe08a"/>
<path d="M0 56 Q32 22 66 52 T128 44 V80 H0Z" fill="#5d8f57"/><path d="M0 68 Q50 50 128 66 V80 H0Z" fill="#3f6e45"/>
<rect x="38" y="46" width="22" height="18" fill="#d9b28c"/><path d="M35 47 L49 35 L63 47Z" fill="#9c4a3c"/>
<rect x="46" y="54" width="6" height="10" fill="#59412f"/></svg>`;

/** The styles that can be chosen by name. */
export async function styleNames(presets: string | undefined): Promise<string[]> {
  return stylesOf(await loadPresets(presets)).map(({ name }) => name);
}

/** One JPEG for each style, drawn by its own network. Styles that cannot be drawn are left out. */
export async function drawThumbnails(options: NetworkOptions): Promise<Map<string, Buffer>> {
  const pixels = await sharp(Buffer.from(scene)).removeAlpha().raw().toBuffer();
  const draw = (into: Uint8Array): void => {
    into.set(pixels);
  };
  const thumbnails = new Map<string, Buffer>();
  let network: Network | undefined;
  try {
    for (const style of await styleNames(options.presets)) {
      const look = { style, strength: 1, keepColors: false };
      if (!network || !(await network.turnTo(look, options))) {
        await network?.close();
        network = undefined;
        network = await Network.open(look, geometry, { ...options, threads: 1, workers: 1 });
      }
      const size = { width: geometry.width, height: geometry.height };
      const picture = {
        timeMs: 0,
        ...size,
        read: draw,
        close: ignore,
      };
      const result = await network.run(picture);
      const raw = { ...size, channels: 3 } as const;
      thumbnails.set(
        style,
        await sharp(Buffer.from(result.pixels), { raw }).jpeg({ quality: 80 }).toBuffer(),
      );
      result.release();
    }
  } finally {
    await network?.close();
  }
  return thumbnails;
}

function ignore(): void {
  // The scene is not the decoder's.
}
