import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import type { Tensor4D, Tf } from '../nets/tfjs.js';
import { featureReconstruction, gramMatrix, styleReconstruction, totalVariation } from './losses.js';
import { taps, type Tap, type Vgg16 } from './vgg16.js';

/** A loss to minimise and what it is made of, each as it counts in the total. */
export interface Losses {
  readonly total: Scalar;
  readonly parts: Readonly<Record<string, Scalar>>;
}

/** λ of the terms of the style-transfer objective (Johnson et al. 2016, eq. 5). */
export interface StyleObjectiveWeights {
  /** Of the feature reconstruction at relu3_3. */
  readonly content: number;
  /** Of the style reconstruction, each layer's taken relative to its target (see {@link StyleObjective}). */
  readonly style: number;
  /** How the style weight is shared between the layers; sums to 1. */
  readonly styleLayers: Readonly<Record<Tap, number>>;
  readonly totalVariation: number;
}

export const styleObjectiveDefaults: StyleObjectiveWeights = Object.freeze({
  content: 20,
  style: 1e8,
  styleLayers: { relu1_2: 0.2, relu2_2: 0.3, relu3_3: 0.3, relu4_3: 0.2 },
  totalVariation: 100,
});

/** Gram matrices of a style picture and their squared Frobenius norms. */
export interface StyleTarget {
  readonly grams: Readonly<Record<Tap, Tensor3D>>;
  readonly norms: Readonly<Record<Tap, number>>;
}

/**
 * The objective of style transfer: what the trainer minimises over photographs and Gatys' method over one picture.
 *
 * Deviation from the paper: a layer's style loss is ‖G − G_s‖² / ‖G_s‖². The squared norms differ by magnitudes
 * between style pictures and between layers; without the division one network cannot learn several styles, and
 * relu4_3 counts for nothing.
 */
export class StyleObjective {
  constructor(
    private readonly tf: Tf,
    private readonly vgg: Vgg16,
    readonly weights: StyleObjectiveWeights = styleObjectiveDefaults,
  ) {}

  /** @param picture style picture of any size, `[1, h, w, 3]` RGB 0..255; dispose with {@link disposeTarget} */
  styleTarget(picture: Tensor4D): StyleTarget {
    const norms: Partial<Record<Tap, number>> = {};
    const grams = this.tf.tidy(() => this.grams(this.vgg.features(picture, taps)));
    for (const tap of taps) norms[tap] = this.tf.tidy(() => grams[tap].square().sum().dataSync()[0] ?? 0);
    return { grams, norms: norms as Record<Tap, number> };
  }

  /** The content target relu3_3 of photographs `[b, h, w, 3]`. */
  contentTarget(photos: Tensor4D): Tensor4D {
    return this.tf.tidy(() => this.vgg.features(photos, ['relu3_3']).relu3_3);
  }

  /** The loss of results `[b, h, w, 3]` against a content target of the same batch and one style. */
  losses(result: Tensor4D, content: Tensor4D, style: StyleTarget): Losses {
    const features = this.vgg.features(result, taps);
    const grams = this.grams(features);
    const perLayer = taps.map((tap) =>
      styleReconstruction(grams[tap], style.grams[tap]).mul(this.weights.styleLayers[tap] / style.norms[tap]),
    );
    const parts = {
      content: featureReconstruction(features.relu3_3, content).mul(this.weights.content) as Scalar,
      style: this.tf.addN(perLayer).mul(this.weights.style) as Scalar,
      'total variation': totalVariation(result, this.tf).mul(this.weights.totalVariation) as Scalar,
    };
    return { total: this.tf.addN(Object.values(parts)), parts };
  }

  private grams(features: Record<Tap, Tensor4D>): Record<Tap, Tensor3D> {
    return Object.fromEntries(taps.map((tap) => [tap, gramMatrix(features[tap], this.tf)])) as Record<
      Tap,
      Tensor3D
    >;
  }
}

export function disposeTarget({ grams }: StyleTarget): void {
  for (const gram of Object.values(grams)) gram.dispose();
}
