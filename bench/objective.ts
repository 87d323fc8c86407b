/**
 * How good the presets are as minimisers: the objective (content and style, the training's weights) of a preset's result on
 * photographs never trained on, beside what Gatys' optimisation of the picture reaches after some iterations: L-BFGS from noise
 * as in the paper, and from the photograph itself, which is harder to beat.
 *
 *     node build/bench/objective.js --styles DIR --vgg16 FILE [--preset presets/fast.onnx] [--size 256] [--iterations 100]
 *         [--start noise,photo] [--only mosaic,candy] PHOTO…
 *
 * Prints how far the identity, which is strength 0, is from the photos, and the mean over the photos per style, in millions, and the share of photos on which the preset is at or below.
 * `--no-gatys` prints the presets' objective alone, which takes seconds instead of hours; `--reference FILE.json` keeps what the
 * optimisations reached, so that they are run once for all stages of a training; `--xla` computes on an accelerator.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadForTraining } from '../src/engines/tfjs.js';
import { middleSquare } from '../src/evaluate/evaluation.js';
import { StyleObjective, styleObjectiveDefaults, type StyleTarget } from '../src/losses/objective.js';
import { loadVgg16 } from '../src/losses/vgg16-weights.js';
import { Vgg16 } from '../src/losses/vgg16.js';
import { buildNetwork } from '../src/nets/families.js';
import { readMetadata } from '../src/nets/metadata.js';
import { weightsFromOnnx } from '../src/nets/onnx.js';
import { forward, toTensors, type Tensor4D } from '../src/nets/tfjs.js';
import { presetsFolder } from '../src/paths.js';
import { optimisePicture } from '../src/training/gatys.js';
import { identityStyle } from '../src/nets/metadata.js';
import type { Pixels } from '../src/training/photos.js';
import type { StyleRecipe } from '../src/training/recipes.js';
import { stack } from '../src/training/style-task.js';
import { ReferenceFile } from './reference-file.js';
import { styleTarget } from '../src/training/style-trainer.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    styles: { type: 'string' },
    vgg16: { type: 'string' },
    preset: { type: 'string', default: join(presetsFolder, 'fast.onnx') },
    size: { type: 'string', default: '256' },
    iterations: { type: 'string', default: '100' },
    start: { type: 'string', default: 'noise,photo' },
    only: { type: 'string' },
    'no-gatys': { type: 'boolean', default: false },
    reference: { type: 'string' },
    xla: { type: 'boolean', default: false },
  },
});
if (!values.styles || !values.vgg16 || positionals.length === 0) {
  console.error(
    'usage: objective --styles DIR --vgg16 FILE [--preset FILE] [--size N] [--iterations N] PHOTO…',
  );
  process.exit(2);
}

const tf = await loadForTraining(values);
const model = await readFile(values.preset);
const metadata = readMetadata(model);
if (!metadata) throw new Error(`${values.preset} is no preset`);
const network = buildNetwork(metadata.network);
const parameters = toTensors(tf, weightsFromOnnx(model, network));
const run = forward(tf, network);
const recipe = metadata.recipe as unknown as StyleRecipe;
const objective = new StyleObjective(tf, new Vgg16(tf, await loadVgg16(values.vgg16)), {
  ...styleObjectiveDefaults,
  ...recipe.objective,
});
const reference = await ReferenceFile.open(values.reference);
const only = values.only?.split(',');
const starts = values['no-gatys'] ? [] : (values.start.split(',') as ('noise' | 'photo')[]);
const names = network.styles.length > 0 ? network.styles : [metadata.name];
const size = Number(values.size);
const photos = await Promise.all(positionals.map((path) => middleSquare(path, size)));

console.log(
  `${values.preset}, step ${String(metadata.recipe['step'])}, ${photos.length} photos at ${size}², objective ÷ 1e6`,
);
console.log(['style', 'photo itself', 'network', ...starts.map((start) => `L-BFGS ${values.iterations} from ${start} (network at or below)`)].join(' | ')); // prettier-ignore
for (const [row, name] of names.entries()) {
  if (only && !only.includes(name)) continue;
  if (name === identityStyle) {
    console.log(`${name}: differs from the photo by ${identityDifference(row).toFixed(1)} of 255`);
    continue;
  }
  const target = await styleTarget(
    tf,
    objective,
    join(values.styles, `${name}.jpg`),
    recipe.stylePictureSize,
  );
  const sums = { photo: 0, network: 0, gatys: starts.map(() => ({ sum: 0, beaten: 0 })) };
  for (const pixels of photos) {
    const photo = stack(tf, [pixels]);
    const restyled = tf.tidy(() => restyledBy(row, photo));
    const reached = objectiveOf(restyled, photo, target);
    sums.photo += objectiveOf(photo, photo, target);
    sums.network += reached;
    for (const [i, start] of starts.entries()) {
      const iterations = Number(values.iterations);
      const gatys = await reference.at([name, start, iterations, size, digestOf(pixels)], () =>
        optimised(photo, target, iterations, start),
      );
      const entry = sums.gatys[i];
      if (!entry) continue;
      entry.sum += gatys;
      if (reached <= gatys) entry.beaten++;
    }
    restyled.dispose();
    photo.dispose();
  }
  const mean = (sum: number): string => (sum / photos.length / 1e6).toFixed(2);
  const columns = sums.gatys.map(({ sum, beaten }) => `${mean(sum)} (${beaten} of ${photos.length})`);
  console.log([name, mean(sums.photo), mean(sums.network), ...columns].join(' | '));
}

/** The mean difference of restyled pictures of strength 0 to the photos themselves, of 255. */
function identityDifference(row: number): number {
  const differences = photos.map((pixels) =>
    tf.tidy(() => {
      const photo = stack(tf, [pixels]);
      return restyledBy(row, photo).sub(photo).abs().mean().dataSync()[0] ?? NaN;
    }),
  );
  return differences.reduce((sum, difference) => sum + difference, 0) / photos.length;
}

function restyledBy(row: number, photo: Tensor4D): Tensor4D {
  const oneHot = Float32Array.from(names, (_, i) => (i === row ? 1 : 0));
  const style = network.styles.length > 0 ? tf.tensor1d(oneHot) : undefined;
  return run(parameters, photo, { style }).clipByValue(0, 255).round() as Tensor4D;
}

function digestOf({ data }: Pixels): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}

async function optimised(
  photo: Tensor4D,
  target: StyleTarget,
  iterations: number,
  start: 'noise' | 'photo',
): Promise<number> {
  const gatys = await optimisePicture(tf, objective, photo, target, { iterations, start });
  gatys.picture.dispose();
  return gatys.objective;
}

function objectiveOf(picture: Tensor4D, photo: Tensor4D, target: StyleTarget): number {
  return tf.tidy(() => {
    const content = objective.contentTarget(photo);
    return objective.losses(picture, content, target).total.dataSync<'float32'>()[0] ?? NaN;
  });
}
