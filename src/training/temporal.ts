import type { Scalar } from '@tensorflow/tfjs-core';
import type { Tensor4D, Tf } from '../nets/tfjs.js';

/** A small made-up motion between two frames: a shift in pixels and fresh sensor noise. */
export interface Motion {
  readonly dx: number;
  readonly dy: number;
  /** Standard deviation of the noise, of 255. */
  readonly noise: number;
  readonly seed: number;
}

/** The frame after the motion: what the camera sees when it moved by (dx, dy), without the border it uncovers. */
export function withMotion(tf: Tf, photos: Tensor4D, { dx, dy, noise, seed }: Motion): Tensor4D {
  const shifted = crop(tf, photos, dx, dy);
  return shifted.add(tf.randomNormal(shifted.shape, 0, noise, 'float32', seed));
}

/**
 * A picture that is shifted or noisy must be restyled the same, shifted alike: mean squared difference where both see the same
 * (stability training, Zheng et al. 2016, arXiv 1604.04326, as Huang et al. 2017 use it for video style transfer).
 *
 * @param result of the still photos, `[b, h, w, 3]`
 * @param moved result of {@link withMotion}'s picture
 */
export function temporalLoss(tf: Tf, result: Tensor4D, moved: Tensor4D, { dx, dy }: Motion): Scalar {
  return crop(tf, result, dx, dy).squaredDifference(moved).mean() as Scalar;
}

function crop(tf: Tf, x: Tensor4D, dx: number, dy: number): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return tf.slice(
    x,
    [0, Math.max(0, dy), Math.max(0, dx), 0],
    [batch, height - Math.abs(dy), width - Math.abs(dx), channels],
  );
}
