import type { Losses } from '../losses/objective.js';
import type { Network } from '../nets/layers.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { ForwardOptions, Tensor } from '../nets/tfjs.js';

/** What the training loop does not know: the network, its data and its loss. */
export interface TrainingTask<Batch> {
  readonly network: Network;
  readonly spec: NetworkSpec;

  /**
   * Makes the data of one (micro-)batch. Must depend on `position` alone, so that a resumed training sees what an
   * uninterrupted one would. Called ahead, while the step before it computes.
   */
  prepare(position: number): Promise<Batch>;

  /**
   * Computes what the losses compare the result with, outside of the gradient and directly before {@link losses}: a backend
   * that computes lazily then meets the same operations in every step.
   */
  ready?(batch: Batch): void;

  /** The loss as a differentiable function of the parameters; runs inside `tf.tidy`. */
  losses(
    parameters: ReadonlyMap<string, Tensor>,
    batch: Batch,
    onMoments: ForwardOptions['onMoments'],
  ): Losses;

  /** Frees what `prepare` made. */
  release(batch: Batch): void;
}
