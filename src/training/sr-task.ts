import type { Scalar } from '@tensorflow/tfjs-core';
import { absoluteDifference, featureReconstruction } from '../losses/losses.js';
import type { Losses } from '../losses/objective.js';
import type { Vgg16 } from '../losses/vgg16.js';
import { buildNetwork } from '../nets/families.js';
import type { Network } from '../nets/layers.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { forward, type ForwardOptions, type Tensor, type Tensor4D, type Tf } from '../nets/tfjs.js';
import { toTensor, type PatchSource } from './sr-patches.js';
import type { SrObjectiveWeights } from './sr-recipes.js';
import type { TrainingTask } from './task.js';

/** Patches at both resolutions, `[b, h, w, c]` and `[b, h·scale, w·scale, c]`, 0..255. */
export interface SrBatch {
  readonly low: Tensor4D;
  readonly high: Tensor4D;
}

/** Super-resolution: reduced photographs in, the photographs themselves the target. */
export class SrTask implements TrainingTask<SrBatch> {
  readonly network: Network;
  private readonly run: ReturnType<typeof forward>;

  /** `vgg`: the loss network, needed where the objective has a feature term. */
  constructor(
    private readonly tf: Tf,
    readonly spec: NetworkSpec,
    private readonly patches: PatchSource,
    private readonly options: {
      readonly batch: number;
      readonly objective: SrObjectiveWeights;
      readonly vgg: Vgg16 | undefined;
    },
  ) {
    this.network = buildNetwork(spec);
    this.run = forward(tf, this.network);
  }

  async prepare(position: number): Promise<SrBatch> {
    const { batch } = this.options;
    const pairs = await Promise.all(
      Array.from({ length: batch }, (_, i) => this.patches.at(position * batch + i)),
    );
    const { channels } = this.network;
    return {
      low: toTensor(this.tf, pairs.map(({ low }) => low), channels), // prettier-ignore
      high: toTensor(this.tf, pairs.map(({ high }) => high), channels), // prettier-ignore
    };
  }

  losses(
    parameters: ReadonlyMap<string, Tensor>,
    { low, high }: SrBatch,
    onMoments: ForwardOptions['onMoments'],
  ): Losses {
    const { absolute, squared, feature } = this.options.objective;
    const result = this.run(parameters, low, { onMoments });
    const parts: Record<string, Scalar> = {};
    if (absolute > 0) parts['absolute'] = absoluteDifference(result, high).mul(absolute);
    if (squared > 0) parts['squared'] = featureReconstruction(result, high).mul(squared);
    if (feature > 0) parts['feature'] = this.featureLoss(result, high).mul(feature);
    return { total: this.tf.addN(Object.values(parts)), parts };
  }

  release({ low, high }: SrBatch): void {
    low.dispose();
    high.dispose();
  }

  private featureLoss(result: Tensor4D, target: Tensor4D): Scalar {
    const { vgg } = this.options;
    if (!vgg) throw new Error('a feature loss needs the loss network');
    const features = (picture: Tensor4D): Tensor4D => vgg.features(this.toRgb(picture), ['relu2_2']).relu2_2;
    return featureReconstruction(features(result), features(target));
  }

  /** Luminance is seen by the loss network as a grey picture. */
  private toRgb(picture: Tensor4D): Tensor4D {
    return this.network.channels === 'rgb' ? picture : this.tf.tile(picture, [1, 1, 1, 3]);
  }
}
