import { styleObjectiveDefaults, type StyleObjectiveWeights } from '../losses/objective.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { fastStyleDefaults, paperStyleDefaults } from '../nets/style.js';
import { paperOptimisation, type Optimisation } from './optimisation.js';

/** Everything that decides how a style network is trained, apart from the pictures. */
export interface StyleRecipe extends Optimisation {
  readonly network: NetworkSpec;
  /** Side of the square training pictures. */
  readonly size: number;
  /** Long side to which style pictures are scaled: it sets the size of the brush. */
  readonly stylePictureSize: number;
  readonly keepContent: number;
  readonly identityPixels: number;
  readonly temporal: number;
  readonly objective: StyleObjectiveWeights;
}

const paper: StyleRecipe = {
  ...paperOptimisation,
  network: { family: 'paper-style', options: { ...paperStyleDefaults } },
  size: 256,
  steps: 40_000,
  stylePictureSize: 384,
  keepContent: 0,
  identityPixels: 0,
  temporal: 0,
  objective: styleObjectiveDefaults,
};

/** For a CPU: one picture a step, a narrow conditional network, new styles learned by their own faster rate. */
const fast: StyleRecipe = {
  ...paper,
  network: { family: 'fast-style', options: { ...fastStyleDefaults } },
  size: 192,
  batch: 1,
  steps: 8_000,
  decay: 'late',
  warmup: 20,
  styleRate: 10,
  averaging: 0.998,
  keepContent: 1000,
  identityPixels: 2e4,
};

/**
 * Named recipes. `paper`: Johnson et al. 2016, section 4.1, 256², batch 4, 40,000 iterations, Adam at 1e-3.
 * `fast`: the narrow family on a CPU. `fast-temporal`: the same with the steadiness term. `hq`: the paper's form at
 * half width, instance normalisation and linear output.
 */
export const styleRecipes = {
  paper,
  fast,
  'fast-temporal': { ...fast, temporal: 500 },
  hq: {
    ...fast,
    network: {
      family: 'paper-style',
      options: {
        ...paperStyleDefaults,
        width: 16,
        norm: 'conditional',
        upsampling: 'nearest',
        output: 'linear',
      },
    },
  },
} as const satisfies Readonly<Record<string, StyleRecipe>>;

export type StyleRecipeName = keyof typeof styleRecipes;
