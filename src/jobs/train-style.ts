import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadForTraining } from '../engines/tfjs.js';
import { buildNetwork } from '../nets/families.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { exportPreset } from '../training/export.js';
import type { StyleRecipe } from '../training/recipes.js';
import { drawSamples } from '../training/samples.js';
import { styleName, trainStyle } from '../training/style-trainer.js';
import {
  openTraining,
  requireVgg16,
  type TrainingJobOptions,
  type TrainingJobReport,
} from './training-job.js';
import { readTrainedNetwork } from './trained-network.js';

export interface TrainStyleOptions extends TrainingJobOptions {
  /** Style pictures; their file names become the styles' names. */
  readonly pictures: readonly string[];
  readonly recipe: StyleRecipe;
  /** A conditional preset that the styles are added to; nothing else of it changes. */
  readonly addTo?: string | undefined;
  /** A style network of ours to start from instead of fresh weights: everything that fits is taken over. */
  readonly from?: string | undefined;
}

export interface TrainStyleReport extends TrainingJobReport {
  /** The rows of the network, in order. */
  readonly styles: readonly string[];
}

/**
 * Trains a style and writes it as a model file; samples, curves, TensorBoard summaries and checkpoints go into `folder`
 * on the way.
 *
 * @throws VidstyleError `setup` without TensorFlow or VGG16; `training` without photos or disk space; `aborted` by
 *   `signal`, after saving a checkpoint
 */
export async function trainStyleJob(options: TrainStyleOptions): Promise<TrainStyleReport> {
  const { folder, output, recipe, pictures, photos, signal } = options;
  const vgg16 = await requireVgg16(options.vgg16);
  const { addTo, from } = options;
  let network: NetworkSpec | undefined;
  const { tf, observer } = await openTraining(options, 500, (library, weights, photo) =>
    drawSamples(library, network ?? recipe.network, weights, photo),
  );
  const result = await trainStyle(
    tf,
    {
      pictures,
      photos,
      vgg16,
      recipe,
      folder,
      resume: options.resume ?? false,
      addTo: addTo === undefined ? undefined : await readTrainedNetwork(addTo, 'style'),
      initial: from === undefined ? undefined : await readTrainedNetwork(from, 'style'),
      signal,
      seed: options.seed ?? 1,
      seconds: options.seconds,
      checkpointEvery: options.checkpointEvery ?? 100,
      onNetwork: (spec) => (network = spec),
    },
    observer,
  );
  const { network: spec, weights, steps, losses, skipped } = result;
  const [only = 'style'] = pictures.map(styleName);
  const name = pictures.length === 1 ? only : styleName(output);
  await exportPreset(output, weights, {
    kind: 'style',
    name,
    network: spec,
    recipe: { ...recipe, step: steps },
    losses,
  });
  return { output, steps, styles: buildNetwork(spec).styles, losses, skipped };
}

/**
 * How long a training will take here, in seconds: some steps are done and thrown away.
 * @throws VidstyleError as {@link trainStyleJob}
 */
export async function estimateStyleTraining(
  options: TrainStyleOptions,
): Promise<{ readonly secondsPerStep: number; readonly seconds: number }> {
  const tf = await loadForTraining(options);
  const [warm, counted] = [2, 4];
  const times: number[] = [];
  const recipe = { ...options.recipe, steps: warm + counted };
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-estimate-'));
  try {
    const vgg16 = await requireVgg16(options.vgg16);
    const { pictures, photos, signal } = options;
    await trainStyle(
      tf,
      { pictures, photos, vgg16, recipe, folder, signal, seed: 1, checkpointEvery: 1e9, resume: false },
      { onStep: ({ seconds }) => void times.push(seconds) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const secondsPerStep = times.slice(warm).reduce((sum, time) => sum + time, 0) / counted;
  return { secondsPerStep, seconds: secondsPerStep * options.recipe.steps };
}
