import { join } from 'node:path';
import { isVidstyleError, VidstyleError } from '../../errors.js';
import { evaluateSr, type SrScores } from '../../jobs/evaluate-sr.js';
import type { Evaluation } from '../evaluation.js';
import type { Part } from '../part.js';
import type { Cell } from '../section.js';

/** Factors of the presets. */
const scales = [2, 3, 4];

/** Johnson et al. 2016, table 2, and the tables of the super-resolution papers. */
export const superResolution: Part = {
  name: 'super-resolution',
  title: 'Super-resolution',
  write: async (section, evaluation) => {
    const results = new Map<number, SrScores[]>();
    for (const scale of scales) {
      const rows = await score(evaluation, scale);
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
    }
    await section.csv('super-resolution.csv', ['scale', ...columns], [...results].flatMap(([scale, rows]) => rows.map((row) => [scale, ...exact(row)]))); // prettier-ignore
  },
};

const columns = ['set', 'method', 'PSNR', 'SSIM', 'PSNR RGB', 'SSIM RGB', 'relu2_2 distance', 'ms a picture'];

/** @returns undefined where there are no pictures of this scale */
async function score({ material }: Evaluation, scale: number): Promise<SrScores[] | undefined> {
  try {
    return await evaluateSr({
      data: join(material.data, 'sr'),
      scale,
      vgg16: material.vgg16,
      threads: material.threads,
      presetsFolder: material.presets,
      signal: material.signal,
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
