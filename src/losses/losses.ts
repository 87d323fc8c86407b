import type { Tensor, Tensor4D, Tf } from '../nets/tfjs.js';
import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';

/**
 * Feature reconstruction loss (Johnson et al. 2016, eq. 2): squared Euclidean distance of two activations divided by
 * C·H·W; the mean over a batch. Both `[b, h, w, c]`. On pictures themselves it is the paper's pixel loss.
 */
export function featureReconstruction(actual: Tensor4D, target: Tensor4D): Scalar {
  return actual.squaredDifference(target).mean() as Scalar;
}

/**
 * Gram matrix (eq. 3): activations F of a picture, taken as `[h·w, c]`, give FᵀF / (C·H·W).
 * @param features `[b, h, w, c]`
 * @returns `[b, c, c]`
 */
export function gramMatrix(features: Tensor4D, tf: Tf): Tensor3D {
  const [batch, height, width, channels] = features.shape;
  const flat = features.reshape([batch, height * width, channels]) as Tensor3D;
  return tf.matMul(flat, flat, true, false).div(height * width * channels);
}

/**
 * Style reconstruction loss (eq. 4): squared Frobenius norm of the difference of two Gram matrices; the mean over a
 * batch. `[b, c, c]` against `[1, c, c]`.
 */
export function styleReconstruction(actual: Tensor3D, target: Tensor3D): Scalar {
  return actual.squaredDifference(target).sum().div(actual.shape[0]) as Scalar;
}

/**
 * Total variation: squared differences of vertical and of horizontal neighbours, summed and divided by B·C·H·W, so that its
 * weight does not depend on the picture's size.
 */
export function totalVariation(picture: Tensor4D, tf: Tf): Scalar {
  const [batch, height, width, channels] = picture.shape;
  const shifted = (y: number, x: number): Tensor4D =>
    tf.slice(picture, [0, y, x, 0], [batch, height - 1, width - 1, channels]);
  const corner = shifted(0, 0);
  const sum = corner
    .squaredDifference(shifted(1, 0))
    .add(corner.squaredDifference(shifted(0, 1)))
    .sum();
  return sum.div(picture.size) as Scalar;
}

/** L1 distance per element: the usual pixel loss of super-resolution networks (Zhao et al. 2017). */
export function absoluteDifference(actual: Tensor, target: Tensor): Scalar {
  return actual.sub(target).abs().mean() as Scalar;
}
