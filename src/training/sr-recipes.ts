import { ecbsrDefaults, paperSrDefaults, srcnnDefaults, type SrScale } from '../nets/sr.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { Degradation } from './degrade.js';
import { paperOptimisation, type Optimisation } from './optimisation.js';

/** λ of the terms of a super-resolution objective; a term of weight 0 is not computed. */
export interface SrObjectiveWeights {
  /** Mean absolute difference of pixels, 0..255. */
  readonly absolute: number;
  /** Mean squared difference of pixels: the paper's pixel loss. */
  readonly squared: number;
  /** Feature reconstruction at relu2_2 (Johnson et al. 2016, section 4.2). */
  readonly feature: number;
}

/** Everything that decides how a super-resolution network is trained, apart from the photographs. */
export interface SrRecipe extends Optimisation {
  /** The network's `scale` option is set by the training. */
  readonly network: NetworkSpec;
  /** Side of the square high-resolution patches; rounded down to a multiple of the scale. Pixels. */
  readonly patch: number;
  /** How the low-resolution side is made of the photograph. */
  readonly degradation: Degradation;
  readonly objective: SrObjectiveWeights;
}

/** Names of losses as the command line takes them. */
export const srLosses = {
  pixel: { absolute: 1, squared: 0, feature: 0 },
  squared: { absolute: 0, squared: 1, feature: 0 },
  feature: { absolute: 0, squared: 0, feature: 1 },
  /** Features for sharpness, pixels to keep them in place. */
  perceptual: { absolute: 1, squared: 0, feature: 0.0004 },
} as const satisfies Readonly<Record<string, SrObjectiveWeights>>;

export type SrLossName = keyof typeof srLosses;

const paper: SrRecipe = {
  ...paperOptimisation,
  network: { family: 'paper-sr', options: { ...paperSrDefaults } },
  patch: 288,
  steps: 200_000,
  degradation: { blur: 1 },
  objective: srLosses.feature,
};

const fast: SrRecipe = {
  ...paper,
  network: { family: 'ecbsr', options: { ...ecbsrDefaults, edgeBranches: true } },
  patch: 128,
  batch: 16,
  steps: 40_000,
  rate: 1e-3,
  warmup: 100,
  decay: 'cosine',
  averaging: 0.999,
  degradation: { blur: 0 },
  objective: srLosses.pixel,
};

/**
 * Named recipes. `paper`: Johnson et al. 2016, section 4.2: 288² patches, low resolution by Gaussian blur σ = 1 and bicubic
 * reduction, batch 4, 200,000 iterations, Adam at 1e-3, features at relu2_2 and no pixel term. `fast`: the compact network
 * on luminance, L1. `quality`: the same, wider and deeper. `video`: the same as `fast`, fed what archives hold.
 * `srcnn`, `srcnn-955`, `espcn`, `fsrcnn`: what they are compared with, trained like `fast`.
 */
export const srRecipes = {
  paper,
  fast,
  quality: {
    ...fast,
    network: { family: 'ecbsr', options: { ...ecbsrDefaults, edgeBranches: true, width: 32, blocks: 16 } },
  },
  video: { ...fast, degradation: { blur: 0, spoilt: true, softness: 0.4 } },
  srcnn: { ...fast, network: { family: 'srcnn', options: { ...srcnnDefaults, kernels: [9, 1, 5] } } },
  'srcnn-955': { ...fast, network: { family: 'srcnn', options: { ...srcnnDefaults } } },
  espcn: { ...fast, network: { family: 'espcn', options: {} } },
  fsrcnn: { ...fast, network: { family: 'fsrcnn', options: {} } },
} as const satisfies Readonly<Record<string, SrRecipe>>;

export type SrRecipeName = keyof typeof srRecipes;

/** A recipe's network for one scale. */
export function atScale(network: NetworkSpec, scale: SrScale): NetworkSpec {
  return { ...network, options: { ...network.options, scale } };
}
