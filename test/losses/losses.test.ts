import { describe, expect, it } from '@jest/globals';
import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import {
  absoluteDifference,
  featureReconstruction,
  gramMatrix,
  styleReconstruction,
  totalVariation,
} from '../../src/losses/losses.js';
import { reflectPad, depthToSpace, spaceToDepth, type Tensor4D } from '../../src/nets/tfjs.js';
import { expectGradientMatchesFiniteDifferences } from '../fixtures/finite-differences.js';

const tf = loadTensorFlow();
/** Two channels, two by two pixels: [[(1,0), (2,1)], [(0,3), (1,1)]]. */
const features = (): Tensor4D => tf.tensor4d([1, 0, 2, 1, 0, 3, 1, 1], [1, 2, 2, 2]);
const zeros = (): Tensor4D => tf.zeros([1, 2, 2, 2]);

describe('by hand', () => {
  it('feature reconstruction is the squared distance over C·H·W', () => {
    // 1 + 4 + 1 + 9 + 1 + 1 = 17, over 8
    expect(featureReconstruction(features(), zeros()).dataSync()[0]).toBeCloseTo(17 / 8, 6);
  });

  it('the Gram matrix is FᵀF over C·H·W', () => {
    // ⟨a,a⟩ = 1+4+0+1 = 6, ⟨a,b⟩ = 0+2+0+1 = 3, ⟨b,b⟩ = 0+1+9+1 = 11
    expect(Array.from(gramMatrix(features(), tf).dataSync())).toEqual([6 / 8, 3 / 8, 3 / 8, 11 / 8]);
  });

  it('the Gram matrix does not depend on the size of a repeated picture', () => {
    const twice = tf.concat([features(), features()], 1);
    expect(Array.from(gramMatrix(twice, tf).dataSync())).toEqual([6 / 8, 3 / 8, 3 / 8, 11 / 8]);
  });

  it('style reconstruction is the squared Frobenius norm', () => {
    const [a, b] = [gramMatrix(features(), tf), tf.ones([1, 2, 2]) as Tensor3D];
    // (−2/8)² + 2·(−5/8)² + (3/8)² = (4 + 50 + 9) / 64
    expect(styleReconstruction(a, b).dataSync()[0]).toBeCloseTo(63 / 64, 6);
  });

  it('total variation sums squared steps to the neighbours below and right', () => {
    const picture = tf.tensor4d([0, 1, 5, 3, 4, 9, 0, 0, 0], [1, 3, 3, 1]);
    // pairs: (0→3)² + (0→1)² + (1→4)² + (1→5)² + (3→0)² + (3→4)² + (4→0)² + (4→9)² = 9+1+9+16+9+1+16+25 = 86, over 9
    expect(totalVariation(picture, tf).dataSync()[0]).toBeCloseTo(86 / 9, 5);
  });

  it('the absolute difference is a mean', () => {
    expect(absoluteDifference(features(), zeros()).dataSync()[0]).toBeCloseTo(9 / 8, 6);
  });
});

describe('gradients against finite differences', () => {
  const target = (): Tensor4D => tf.tensor4d([2, 1, 0, 1, 1, 1, 3, 0], [1, 2, 2, 2]);

  it('feature reconstruction', () => {
    expectGradientMatchesFiniteDifferences(tf, features(), (x) => featureReconstruction(x, target()));
  });

  it('style reconstruction', () => {
    const goal = gramMatrix(target(), tf);
    expectGradientMatchesFiniteDifferences(tf, features(), (x) =>
      styleReconstruction(gramMatrix(x, tf), goal),
    );
  });

  it('total variation', () => {
    expectGradientMatchesFiniteDifferences(tf, features(), (x) => totalVariation(x, tf));
  });

  it('the absolute difference, away from its kink', () => {
    const halfway = features().add(0.5) as Tensor4D;
    expectGradientMatchesFiniteDifferences(tf, halfway, (x) => absoluteDifference(x, target()));
  });

  it('reflection padding, border included', () => {
    const picture = tf.randomUniform([1, 4, 5, 2], 0, 1, 'float32', 5) as Tensor4D;
    const weights = tf.randomUniform([1, 9, 8, 2], 0, 1, 'float32', 6);
    const loss = (x: Tensor4D) =>
      reflectPad(tf, x, [
        [3, 2],
        [1, 2],
      ])
        .mul(weights)
        .square()
        .sum() as Scalar;
    expectGradientMatchesFiniteDifferences(tf, picture, loss);
  });

  it('space to depth and back', () => {
    const picture = tf.randomUniform([1, 4, 4, 2], 0, 1, 'float32', 5) as Tensor4D;
    expect(depthToSpace(spaceToDepth(picture, 2), 2).sub(picture).abs().max().dataSync()[0]).toBe(0);
    expect(Array.from(spaceToDepth(picture, 2).dataSync())).toEqual(reference(picture));
  });
});

/** Space to depth written out: channel = (dy·2 + dx)·c + channel. */
function reference(picture: Tensor4D): number[] {
  const value = picture.arraySync()[0] ?? [];
  const result: number[] = [];
  for (let y = 0; y < 2; y++)
    for (let x = 0; x < 2; x++)
      for (let dy = 0; dy < 2; dy++)
        for (let dx = 0; dx < 2; dx++) result.push(...(value[2 * y + dy]?.[2 * x + dx] ?? []));
  return result;
}
