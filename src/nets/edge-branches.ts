/**
 * The edge-oriented convolution block of ECBSR (Zhang et al. 2021): while it is trained, a 3×3 convolution is a sum of a plain
 * one, one that widens and narrows again, and Sobel and Laplace filters of mixed channels. All of them are linear, so their
 * sum is a 3×3 convolution, and that is what is run and kept afterwards.
 *
 * Deviations: the kernels are summed before the convolution, not the results after it, which costs a training step next
 * to nothing and pads the same in both; and there is no identity branch. The branches start at zero, so that a trained
 * plain network can be taken over.
 */

import type * as TensorFlow from '@tensorflow/tfjs-core';
import type { Conv, Layer, Network, Parameter } from './layers.js';
import type { NetworkSpec } from './metadata.js';
import type { WeightArray, Weights } from './weights.js';

/** What the branches of a convolution learn, beside its own kernel and bias. */
export function edgeParameters({ name, in: input, out }: Conv): Parameter[] {
  const wide = 2 * input;
  return [
    { name: `${name}/expand`, shape: [1, 1, input, wide], init: 'kernel', group: 'shared' },
    { name: `${name}/squeeze`, shape: [3, 3, wide, out], init: 'zeros', group: 'shared' },
    { name: `${name}/mix`, shape: [filters.length, 1, input, out], init: 'kernel', group: 'shared' },
    { name: `${name}/mix-scale`, shape: [filters.length, out], init: 'zeros', group: 'shared' },
  ];
}

/** The one kernel `[3, 3, in, out]` that all branches come to, differentiable by each of them. */
export function edgeKernel(
  tf: typeof TensorFlow,
  { name, in: input, out }: Conv,
  parameter: (name: string) => TensorFlow.Tensor,
): TensorFlow.Tensor4D {
  const expand = parameter(`${name}/expand`).reshape([input, 2 * input]);
  const squeeze = parameter(`${name}/squeeze`).reshape([9, 2 * input, out]);
  const widened = tf.matMul(tf.tile(expand.expandDims(0), [9, 1, 1]), squeeze).reshape([3, 3, input, out]);
  const scale = parameter(`${name}/mix-scale`).reshape([filters.length, 1, out]);
  const mixed = parameter(`${name}/mix`).reshape([filters.length, input, out]).mul(scale);
  const shapes = tf.tensor2d(filters.flat(), [filters.length, 9]);
  const edges = tf.matMul(shapes, mixed.reshape([filters.length, input * out]), true);
  const plain = parameter(`${name}/kernel`);
  return tf.addN([plain, widened, edges.reshape([3, 3, input, out])]) as TensorFlow.Tensor4D;
}

/** Weights of a network whose branches have become one kernel a convolution; those without branches stay as they are. */
export function mergeEdgeBranches({ layers }: Network, weights: Weights): Weights {
  const merged = new Map(weights);
  for (const layer of layers) {
    if (!hasBranches(layer)) continue;
    merged.set(`${layer.name}/kernel`, mergedKernel(layer, weights));
    for (const { name } of edgeParameters(layer)) merged.delete(name);
  }
  return merged;
}

/** The spec of the network that {@link mergeEdgeBranches} gives weights for. */
export const withoutBranches = ({ family, options }: NetworkSpec): NetworkSpec => ({
  family,
  options: 'edgeBranches' in options ? { ...options, edgeBranches: false } : options,
});

function mergedKernel({ name, in: input, out }: Conv, weights: Weights): WeightArray {
  const of = (part: string): Float32Array => weights.get(`${name}/${part}`)?.data ?? new Float32Array();
  const [plain, expand, squeeze, mix, scale] = ['kernel', 'expand', 'squeeze', 'mix', 'mix-scale'].map(
    of,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  const wide = 2 * input;
  const data = plain.map((value, at) => {
    const o = at % out;
    const i = Math.floor(at / out) % input;
    const tap = Math.floor(at / (out * input));
    let sum = value;
    for (let m = 0; m < wide; m++) {
      sum += (expand[i * wide + m] ?? 0) * (squeeze[(tap * wide + m) * out + o] ?? 0);
    }
    for (const [f, filter] of filters.entries()) {
      sum += (filter[tap] ?? 0) * (mix[(f * input + i) * out + o] ?? 0) * (scale[f * out + o] ?? 0);
    }
    return sum;
  });
  return { shape: [3, 3, input, out], data };
}

const hasBranches = (layer: Layer): layer is Conv => layer.kind === 'conv' && layer.branches === 'edge';

/** Horizontal and vertical Sobel filters and the Laplace filter, row by row. */
const filters: readonly (readonly number[])[] = [
  [1, 0, -1, 2, 0, -2, 1, 0, -1],
  [1, 2, 1, 0, 0, 0, -1, -2, -1],
  [0, 1, 0, 1, -4, 1, 0, 1, 0],
];
