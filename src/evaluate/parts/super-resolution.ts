import { join } from 'node:path';
import { isVidstyleError, VidstyleError } from '../../errors.js';
import { evaluateSr, type EnlargedPicture, type SrScores } from '../../jobs/evaluate-sr.js';
import { crop } from '../../metrics/crop.js';
import type { Raster } from '../../metrics/raster.js';
import type { Evaluation } from '../evaluation.js';
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
    const shown = new Map<string, NamedPicture[]>();
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
    for (const [title, pictures] of shown) {
      section.text(`×${shownScale}, the middle of ${escaped(title)}, with the scores of the whole picture:`);
      await section.pictures(pictures);
    }
    await section.csv('super-resolution.csv', ['scale', ...columns], [...results].flatMap(([scale, rows]) => rows.map((row) => [scale, ...exact(row)]))); // prettier-ignore
  },
};

const columns = ['set', 'method', 'PSNR', 'SSIM', 'PSNR RGB', 'SSIM RGB', 'relu2_2 distance', 'ms a picture'];

/** Keeps the middle of the first picture of each set, by every method and at last the original (the paper's figures 8 and 9). */
function keepView(shown: Map<string, NamedPicture[]>, picture: EnlargedPicture): void {
  const { set, method, name, result, original, psnrY, ssimY } = picture;
  const [title] = [...shown.keys()].filter((each) => each.startsWith(`${set}, `));
  const here = `${set}, ${name}`;
  if (title !== undefined && title !== here) return;
  const file = (what: string): string => `x${shownScale}-${set}-${what}.jpg`;
  const views = shown.get(here) ?? [
    { file: file('original'), caption: 'original', picture: middle(original) },
  ];
  const caption = `${method}, ${psnrY.toFixed(2)} dB / ${ssimY.toFixed(4)}`;
  shown.set(here, [...views, { file: file(method), caption, picture: middle(result) }]);
}

function middle(picture: Raster<Uint8Array>): Raster<Uint8Array> {
  const [width, height] = [picture.width, picture.height].map((side) => Math.min(side, viewSide)) as [
    number,
    number,
  ];
  return crop(picture, {
    left: (picture.width - width) >> 1,
    top: (picture.height - height) >> 1,
    width,
    height,
  });
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
