/**
 * Whether super-resolution networks do better on luminance or on RGB: two networks of one shape (4 blocks of 16 filters, three
 * channels in and out or one), trained alike, scored on all three channels and on luminance, and timed.
 *
 *     node build/bench/sr-colours.js --photos FOLDER --data SETS [--scale 4] [--steps 3000] [--out FOLDER]
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluateSr } from '../src/jobs/evaluate-sr.js';
import { trainSrJob } from '../src/jobs/train-sr.js';
import type { SrScale } from '../src/nets/sr.js';
import { srRecipes, type SrRecipe } from '../src/training/sr-recipes.js';

const { values } = parseArgs({
  options: {
    photos: { type: 'string' },
    data: { type: 'string' },
    scale: { type: 'string', default: '4' },
    steps: { type: 'string', default: '3000' },
    out: { type: 'string' },
  },
});
const { photos, data } = values;
if (photos === undefined || data === undefined) throw new Error('--photos and --data are needed');
const out = values.out ?? (await mkdtemp(join(tmpdir(), 'vidstyle-colours-')));
const scale = Number(values.scale) as SrScale;

const shape = { width: 16, blocks: 4, activation: 'relu' } as const;
const models: string[] = [];
for (const [name, family] of [
  ['luminance', 'ecbsr'],
  ['rgb', 'srvgg'],
] as const) {
  const recipe: SrRecipe = {
    ...srRecipes.fast,
    network: { family, options: shape },
    steps: Number(values.steps),
  };
  const places = { folder: join(out, name), output: join(out, `${name}.onnx`) };
  const { losses } = await trainSrJob({ ...places, photos, scale, recipe, sampleEvery: 0 });
  console.log(`${name}: loss ${losses['total']?.toFixed(3)} after ${recipe.steps} steps`);
  models.push(places.output);
}
for (const row of await evaluateSr({ data, scale, models, presets: false })) {
  const scores = [row.psnrY.toFixed(2), row.psnrRgb.toFixed(2), row.msPerPicture.toFixed(1)];
  console.log(
    `${row.set.padEnd(8)} ${row.method.padEnd(12)} luminance ${scores[0]} dB, RGB ${scores[1]} dB, ${scores[2]} ms a picture`,
  );
}
