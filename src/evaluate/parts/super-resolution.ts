import { join } from 'node:path';
import { isVidstyleError, VidstyleError } from '../../errors.js';
import { evaluateSr, type EnlargedPicture, type SrScores } from '../../jobs/evaluate-sr.js';
import type { Pixels } from '../../training/photos.js';
import { middleOf, type Evaluation } from '../evaluation.js';
import type { Part } from '../part.js';
import { publishedSr } from '../published.js';
import { escaped, type Cell, type NamedPicture } from '../section.js';

/** Factors of the presets. */
const scales = [2, 3, 4];

/** Johnson et al. 2016, table 2, and the tables of the super-resolution papers. */
export const superResolution: Part = {
  name: 'super-resolution',
  title: 'Super-resolution',
  write: async (section, evaluation) => {
    const results = new Map<number, SrScores[]>();
    const shown = new Map<string, View>();
    for (const scale of scales) {
      const rows = await score(evaluation, scale, (picture) => {
        if (scale === shownScale) keepView(shown, picture);
      });
      if (rows) results.set(scale, rows);
    }
    const folder = join(evaluation.material.data, 'sr');
    if (results.size === 0) throw new VidstyleError('input', `There are no test pictures in "${folder}".`);
    section.text(
      'PSNR (dB) and SSIM on luma without borders, as published; in RGB, too; and the feature reconstruction at VGG16’s relu2_2, which is ' +
        'what the paper’s networks minimise (lower is nearer). Means over each set. Times are a second run of each picture; bicubic is JavaScript.',
    );
    for (const [scale, rows] of results) {
      section.heading(`×${scale}`);
      section.table(columns, rows.map(cellsOf));
      const sets = new Set(rows.map(({ set }) => set));
      const published = publishedSr.get(scale)?.filter(({ set }) => sets.has(set)) ?? [];
      if (published.length > 0) {
        section.text('As published (Johnson et al. 2016, table 2):');
        section.table(['set', 'method', 'PSNR', 'SSIM'], published.map(({ set, method, psnr, ssim }) => [set, method, psnr.toFixed(2), ssim.toFixed(4)])); // prettier-ignore
      }
    }
    for (const [set, { name, pictures }] of shown) {
      section.text(
        `×${shownScale}, the middle of ${escaped(`${set}, ${name}`)}, with the scores of the whole picture:`,
      );
      await section.pictures(pictures);
    }
    await section.csv('super-resolution.csv', ['scale', ...columns], [...results].flatMap(([scale, rows]) => rows.map((row) => [scale, ...exact(row)]))); // prettier-ignore
  },
};

const columns = ['set', 'method', 'PSNR', 'SSIM', 'PSNR RGB', 'SSIM RGB', 'relu2_2 distance', 'ms a picture'];

/** The first picture of a set, by every method. */
interface View {
  readonly name: string;
  readonly pictures: NamedPicture[];
}

/** Keeps the middle of the first picture of each set, the original and what every method makes of it (the paper's figures 8 and 9). */
function keepView(shown: Map<string, View>, picture: EnlargedPicture): void {
  const { set, method, name, result, original, psnrY, ssimY } = picture;
  const add = (view: View, what: string, caption: string, pixels: Pixels): void => {
    const file = `x${shownScale}-${set}-${what}.jpg`;
    view.pictures.push({ file, caption, picture: middleOf(pixels, viewSide) });
  };
  let view = shown.get(set);
  if (!view) {
    view = { name, pictures: [] };
    shown.set(set, view);
    add(view, 'original', 'original', original);
  }
  if (view.name === name)
    add(view, method, `${method}, ${psnrY.toFixed(2)} dB / ${ssimY.toFixed(4)}`, result);
}

/** The scale whose pictures are shown, and the side of what is shown of them, pixels. */
const shownScale = 4;
const viewSide = 160;

/** @returns undefined where there are no pictures of this scale */
async function score(
  { material }: Evaluation,
  scale: number,
  onPicture: (picture: EnlargedPicture) => void,
): Promise<SrScores[] | undefined> {
  try {
    return await evaluateSr({
      data: join(material.data, 'sr'),
      scale,
      vgg16: material.vgg16,
      threads: material.threads,
      presetsFolder: material.presets,
      signal: material.signal,
      onPicture,
      onRow: ({ set, method }) => {
        material.onProgress?.(`×${scale}: ${method} on ${set}`);
      },
    });
  } catch (error) {
    if (isVidstyleError(error) && error.code === 'input') return undefined;
    throw error;
  }
}

function cellsOf({
  set,
  method,
  psnrY,
  ssimY,
  psnrRgb,
  ssimRgb,
  perceptual,
  msPerPicture,
}: SrScores): Cell[] {
  const distance = perceptual?.toFixed(0) ?? '–';
  return [set, method, psnrY.toFixed(2), ssimY.toFixed(4), psnrRgb.toFixed(2), ssimRgb.toFixed(4), distance, msPerPicture.toFixed(1)]; // prettier-ignore
}

function exact({ set, method, psnrY, ssimY, psnrRgb, ssimRgb, perceptual, msPerPicture }: SrScores): Cell[] {
  return [set, method, psnrY, ssimY, psnrRgb, ssimRgb, perceptual ?? '', msPerPicture];
}
