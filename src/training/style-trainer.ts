import { basename, extname } from 'node:path';
import { loadVgg16 } from '../losses/vgg16-weights.js';
import { Vgg16 } from '../losses/vgg16.js';
import { VidstyleError } from '../errors.js';
import { StyleObjective, type StyleTarget } from '../losses/objective.js';
import { buildNetwork } from '../nets/families.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { Tf } from '../nets/tfjs.js';
import { initialWeights, type Weights } from '../nets/weights.js';
import { train, type LoopObserver, type TrainingResult } from './loop.js';
import { PhotoSet, readPixels } from './photos.js';
import type { StyleRecipe } from './recipes.js';
import { identityStyle } from '../nets/metadata.js';
import { extendStyles, graftRows } from './new-styles.js';
import { stack, StyleTask } from './style-task.js';
import { takeOver, type TrainedNetwork } from './take-over.js';

export interface StyleTrainingOptions {
  /** Style pictures; their file names become the styles' names. */
  readonly pictures: readonly string[];
  /** Folder of photographs. */
  readonly photos: string;
  /** VGG16's weights, `.h5` or `.safetensors`. */
  readonly vgg16: string;
  readonly recipe: StyleRecipe;
  /** Where checkpoints go. */
  readonly folder: string;
  readonly seed: number;
  /** Seconds it may take, see `LoopOptions`. */
  readonly seconds?: number | undefined;
  readonly checkpointEvery: number;
  /** Goes on from the folder's checkpoint. */
  readonly resume: boolean;
  /** A trained conditional network: only γ and β of the new styles are trained, the rest stays bit for bit. */
  readonly addTo?: { readonly spec: NetworkSpec; readonly weights: Weights } | undefined;
  /** A trained network to start from; what is missing or of another shape starts afresh. */
  readonly initial?: TrainedNetwork | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told the network, its styles included, before the first step. */
  readonly onNetwork?: ((network: NetworkSpec) => void) | undefined;
}

export interface StyleTrainingResult extends TrainingResult {
  readonly network: NetworkSpec;
  /** Photos that were unreadable or too small, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * Trains a style network on photographs: one style with the `paper` recipe's network, any number with a conditional one,
 * which also learns the identity.
 *
 * @throws VidstyleError `training` without photos, VGG16 or disk space; `aborted`
 */
export async function trainStyle(
  tf: Tf,
  options: StyleTrainingOptions,
  observer: LoopObserver = {},
): Promise<StyleTrainingResult> {
  const { recipe, seed, pictures, addTo } = options;
  const names = pictures.map(styleName);
  const extended = addTo && extendStyles(addTo.spec, addTo.weights, names);
  const spec = extended?.spec ?? withStyles(recipe.network, names);
  const { styles } = buildNetwork(spec);
  options.onNetwork?.(spec);
  if (styles.length === 0 && pictures.length > 1) {
    throw new VidstyleError(
      'training',
      'This recipe trains one style a network; give one picture or another recipe.',
    );
  }
  const photoSet = await PhotoSet.open(options.photos, { minimumSize: recipe.size / 2, seed });
  const vgg = new Vgg16(tf, await loadVgg16(options.vgg16));
  try {
    const objective = new StyleObjective(tf, vgg, recipe.objective);
    const targets = await Promise.all(
      pictures.map((picture) => styleTarget(tf, objective, picture, recipe.stylePictureSize)),
    );
    const ofRow = (style: string): StyleTarget | undefined => targets[names.indexOf(style)];
    const task = new StyleTask(tf, objective, photoSet, styles.length > 0 ? styles.map(ofRow) : targets, {
      ...recipe,
      spec,
      seed,
      rows: extended?.rows,
    });
    try {
      const from = options.initial;
      const initial = from && takeOver(task.network, initialWeights(task.network, seed), from);
      const result = await train(
        tf,
        task,
        {
          ...options,
          ...recipe,
          recipe: { ...recipe },
          initial: extended?.weights ?? initial,
          trainable: extended && ((name) => extended.trainable.has(name)),
        },
        observer,
      );
      const weights = extended ? graftRows(extended, result.weights) : result.weights;
      return { ...result, weights, network: spec, skipped: photoSet.skipped };
    } finally {
      task.dispose();
    }
  } finally {
    vgg.dispose();
  }
}

/** A style picture's name: its file's, without folder and extension. */
export const styleName = (picture: string): string => basename(picture, extname(picture));

/** Gram targets of a style picture file scaled to `size` pixels on its long side. */
export async function styleTarget(
  tf: Tf,
  objective: StyleObjective,
  picture: string,
  size: number,
): Promise<StyleTarget> {
  const pixels = stack(tf, [await readPixels(picture, { longSide: size })]);
  const target = objective.styleTarget(pixels);
  pixels.dispose();
  return target;
}

const isConditional = ({ options }: NetworkSpec): boolean => options['norm'] === 'conditional';

/** A conditional network gets a row a style and one for the identity. */
function withStyles(network: NetworkSpec, names: readonly string[]): NetworkSpec {
  if (!isConditional(network)) return network;
  return { ...network, options: { ...network.options, styles: [...names, identityStyle] } };
}
