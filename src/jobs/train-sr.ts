import { engine } from '../engines/onnxruntime.js';
import { resizeBicubic } from '../metrics/bicubic.js';
import type { SrScale } from '../nets/sr.js';
import { reduce } from '../training/degrade.js';
import { encodePreset, exportPreset, type PresetDescription } from '../training/export.js';
import type { Pixels } from '../training/photos.js';
import { contactSheet } from '../training/samples.js';
import { atScale, type SrRecipe } from '../training/sr-recipes.js';
import { trainSr } from '../training/sr-trainer.js';
import {
  openTraining,
  requireVgg16,
  type TrainingJobOptions,
  type TrainingJobReport,
} from './training-job.js';
import { readTrainedNetwork } from './trained-network.js';

export interface TrainSrOptions extends TrainingJobOptions {
  readonly scale: SrScale;
  readonly recipe: SrRecipe;
  /** The model's name. */
  readonly name?: string | undefined;
  /** A model of ours to start from: the pixel network for a perceptual one, or another scale's. */
  readonly from?: string | undefined;
}

/**
 * Trains a super-resolution network and writes it as a model file; samples, curves, TensorBoard summaries and checkpoints
 * go into `folder` on the way.
 *
 * @throws VidstyleError `setup` without TensorFlow, or VGG16 where the loss needs it; `training` without photos or disk
 *   space; `aborted` by `signal`, after saving a checkpoint
 */
export async function trainSrJob(options: TrainSrOptions): Promise<TrainingJobReport> {
  const { scale, photos, recipe, folder, output, signal, name = `upscale-x${scale}` } = options;
  const vgg16 = recipe.objective.feature > 0 ? await requireVgg16(options.vgg16) : undefined;
  const initial = options.from === undefined ? undefined : await readTrainedNetwork(options.from, 'sr');
  const describe = (losses: Readonly<Record<string, number>>, step?: number): PresetDescription => {
    const network = atScale(recipe.network, scale);
    return { kind: 'sr', name, network, recipe: { ...recipe, network, scale, step }, losses };
  };
  const { tf, observer } = await openTraining(options, 1000, (_, weights, photo) =>
    drawSample(encodePreset(weights, describe({})), photo, recipe, scale),
  );
  const result = await trainSr(
    tf,
    {
      scale,
      photos,
      vgg16,
      recipe,
      folder,
      resume: options.resume ?? false,
      initial,
      signal,
      seed: options.seed ?? 1,
      seconds: options.seconds,
      checkpointEvery: options.checkpointEvery ?? 500,
    },
    observer,
  );
  const { weights, steps, losses, skipped } = result;
  await exportPreset(output, weights, describe(losses, steps));
  return { output, steps, losses, skipped };
}

/** The reduced photo enlarged bicubically and by the network, and the photo itself, side by side. */
async function drawSample(
  model: Uint8Array,
  photo: Pixels,
  { degradation }: SrRecipe,
  scale: number,
): Promise<Buffer> {
  const { high, low } = reduce(photo, scale, degradation);
  const { width, height } = low;
  const session = await engine.open({ model, geometry: { width, height, format: 'rgb8' } });
  try {
    const data = new Uint8Array(high.data.length);
    await session.run(low.data, data);
    return await contactSheet([resizeBicubic(low, scale), { ...high, data }, high], 3);
  } finally {
    await session.close();
  }
}
