import type { Schedule } from './schedule.js';

/** How Adam is used, whatever is trained. */
export interface Optimisation extends Schedule {
  /** Pictures a micro-batch. */
  readonly batch: number;
  /** Micro-batches whose gradients are averaged into one step. */
  readonly accumulate: number;
  /** How many times faster the styles' own parameters (γ, β of conditional normalisation) learn. */
  readonly styleRate: number;
  /** Gradients longer than this are shortened to it; 0: never. */
  readonly clipNorm: number;
  /** Decay of the moving average of the weights that is exported; 0: the last weights themselves. */
  readonly averaging: number;
}

/** Johnson et al. 2016: batches of 4, Adam at a constant 1e-3, nothing else. */
export const paperOptimisation = {
  batch: 4,
  rate: 1e-3,
  warmup: 0,
  decay: 'none',
  accumulate: 1,
  styleRate: 1,
  clipNorm: 0,
  averaging: 0,
} as const satisfies Omit<Optimisation, 'steps'>;
