import { VidstyleError } from '../errors.js';
import { loadVgg16 } from '../losses/vgg16-weights.js';
import { Vgg16 } from '../losses/vgg16.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { SrScale } from '../nets/sr.js';
import type { Tf } from '../nets/tfjs.js';
import { initialWeights } from '../nets/weights.js';
import { train, type LoopObserver, type TrainingResult } from './loop.js';
import { PhotoSet } from './photos.js';
import { PatchSource } from './sr-patches.js';
import { atScale, type SrRecipe } from './sr-recipes.js';
import { SrTask } from './sr-task.js';
import { takeOver, type TrainedNetwork } from './take-over.js';

export interface SrTrainingOptions {
  readonly scale: SrScale;
  /** Folder of photographs. */
  readonly photos: string;
  /** VGG16's weights, `.h5` or `.safetensors`; needed for a loss with a feature term. */
  readonly vgg16?: string | undefined;
  readonly recipe: SrRecipe;
  /** Where checkpoints go. */
  readonly folder: string;
  readonly seed: number;
  /** Seconds it may take, see `LoopOptions`. */
  readonly seconds?: number | undefined;
  readonly checkpointEvery: number;
  /** Goes on from the folder's checkpoint. */
  readonly resume: boolean;
  /**
   * A trained network to start from: the pixel network for a perceptual one, another scale's for this one. What is missing or
   * of another shape starts afresh.
   */
  readonly initial?: TrainedNetwork | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SrTrainingResult extends TrainingResult {
  readonly network: NetworkSpec;
  /** Photos that were unreadable or too small, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * Trains a super-resolution network on photographs.
 *
 * @throws VidstyleError `training` without photos, disk space, or VGG16 where the loss needs it; `aborted`
 */
export async function trainSr(
  tf: Tf,
  options: SrTrainingOptions,
  observer: LoopObserver = {},
): Promise<SrTrainingResult> {
  const { recipe, scale, seed } = options;
  const network = atScale(recipe.network, scale);
  const side = Math.floor(recipe.patch / scale);
  const photos = await PhotoSet.open(options.photos, { minimumSize: side * scale, seed });
  const vgg = recipe.objective.feature > 0 ? await openVgg(tf, options.vgg16) : undefined;
  try {
    const { batch, objective, degradation } = recipe;
    const patches = new PatchSource(photos, { scale, side, seed, degradation });
    const task = new SrTask(tf, network, patches, { batch, objective, vgg });
    const kept = { ...recipe, network, scale };
    const initial =
      options.initial && takeOver(task.network, initialWeights(task.network, seed), options.initial);
    const result = await train(tf, task, { ...options, ...recipe, recipe: kept, initial }, observer);
    return { ...result, network, skipped: photos.skipped };
  } finally {
    vgg?.dispose();
  }
}

async function openVgg(tf: Tf, path: string | undefined): Promise<Vgg16> {
  if (path !== undefined) return new Vgg16(tf, await loadVgg16(path));
  throw new VidstyleError('training', 'A feature loss needs the weights of VGG16.');
}
