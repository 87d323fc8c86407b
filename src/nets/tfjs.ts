import type * as TensorFlow from '@tensorflow/tfjs-core';
import type {} from '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { edgeKernel } from './edge-branches.js';
import type { Conv, Layer, Network, Norm, Padding } from './layers.js';
import type { Weights } from './weights.js';

/** TensorFlow.js, however it was loaded (`engines/tfjs.ts` finds it). */
export type Tf = typeof TensorFlow;
export type Tensor = TensorFlow.Tensor;
export type Tensor4D = TensorFlow.Tensor4D;

export const instanceNormEpsilon = 1e-5;

export interface ForwardOptions {
  /** Weights of the styles of a conditional network, shape [styles]; a one-hot vector picks one. */
  readonly style?: TensorFlow.Tensor1D | undefined;
  /** Batch normalisation uses the batch's own moments and reports them here (name of the layer, mean, variance). */
  readonly onMoments?: ((name: string, mean: Tensor, variance: Tensor) => void) | undefined;
}

/**
 * Builds the network as a differentiable function of pictures and parameters.
 *
 * The returned function takes `[b, h, w, 3]` (or `[b, h, w, 1]` luminance) float32 in 0..255 and gives
 * `[b, h·scale, w·scale, c]` in the same range, not clipped: a clipped pixel has no gradient.
 */
export function forward(tf: Tf, network: Network) {
  return (
    parameters: ReadonlyMap<string, Tensor>,
    picture: Tensor4D,
    options: ForwardOptions = {},
  ): Tensor4D =>
    tf.tidy(() => {
      const [, height, width] = picture.shape;
      const missing = (size: number): number =>
        (network.multiple - (size % network.multiple)) % network.multiple;
      const input = reflectPad(tf, picture.sub(network.input.offset).div(network.input.scale), [
        [0, missing(height)],
        [0, missing(width)],
      ]);
      const run = new LayerRunner(tf, parameters, options, input);
      const result = run.all(network.layers, input).mul(network.output.scale).add(network.output.offset);
      return tf.slice(
        result as Tensor4D,
        [0, 0, 0, 0],
        [-1, height * network.scale, width * network.scale, -1],
      );
    });
}

/** Uploads weights as tensors; the caller disposes them. */
export function toTensors(tf: Tf, weights: Weights): Map<string, Tensor> {
  return new Map(
    [...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape], 'float32')]),
  );
}

class LayerRunner {
  constructor(
    private readonly tf: Tf,
    private readonly parameters: ReadonlyMap<string, Tensor>,
    private readonly options: ForwardOptions,
    private readonly entered: Tensor4D,
  ) {}

  all(layers: readonly Layer[], x: Tensor4D): Tensor4D {
    return layers.reduce((value, layer) => this.one(layer, value), x);
  }

  private one(layer: Layer, x: Tensor4D): Tensor4D {
    const { tf } = this;
    switch (layer.kind) {
      case 'conv': {
        const kernel = this.kernel(layer);
        const bias = this.parameter(`${layer.name}/bias`);
        const isSame = layer.padding === 'zero' && layer.stride === 1; // TensorFlow's SAME is uneven at stride 2
        if (isSame) return tf.conv2d(x, kernel, 1, 'same').add(bias);
        const padded = padFor(tf, x, layer.padding, (layer.kernel - 1) / 2);
        return tf.conv2d(padded, kernel, layer.stride, 'valid').add(bias);
      }
      case 'transposed-conv': {
        const [batch, height, width] = x.shape;
        const kernel = this.parameter(`${layer.name}/kernel`) as Tensor4D;
        const shape = [batch, height * 2, width * 2, layer.out] as [number, number, number, number];
        return tf.conv2dTranspose(x, kernel, shape, 2, 'same').add(this.parameter(`${layer.name}/bias`));
      }
      case 'norm':
        return this.norm(layer, x);
      case 'relu':
        return tf.relu(x);
      case 'prelu':
        return tf.prelu(x, this.parameter(`${layer.name}/slope`)) as Tensor4D;
      case 'tanh':
        return tf.tanh(x);
      case 'pad':
        return reflectPad(tf, x, [
          [layer.amount, layer.amount],
          [layer.amount, layer.amount],
        ]);
      case 'upsample':
        return tf.image.resizeNearestNeighbor(x, [x.shape[1] * layer.factor, x.shape[2] * layer.factor]);
      case 'enlarge':
        return enlargeBicubic(tf, x, layer.factor);
      case 'shuffle':
        return depthToSpace(x, layer.block);
      case 'unshuffle':
        return spaceToDepth(x, layer.block);
      case 'add-input':
        return x.add(tf.tile(this.entered, [1, 1, 1, layer.block ** 2]));
      case 'residual': {
        const { crop } = layer;
        const [, height, width] = x.shape;
        const identity =
          crop === 0 ? x : tf.slice(x, [0, crop, crop, 0], [-1, height - 2 * crop, width - 2 * crop, -1]);
        return identity.add(this.all(layer.layers, x));
      }
    }
  }

  private kernel(layer: Conv): Tensor4D {
    if (layer.branches === 'edge') return edgeKernel(this.tf, layer, (name) => this.parameter(name));
    return this.parameter(`${layer.name}/kernel`) as Tensor4D;
  }

  private norm({ name, mode }: Norm, x: Tensor4D): Tensor4D {
    const { tf } = this;
    let gamma = this.parameter(`${name}/gamma`);
    let beta = this.parameter(`${name}/beta`);
    if (mode === 'conditional') {
      const style = this.options.style?.expandDims(0);
      if (!style) throw new Error('a conditional network needs `style`');
      gamma = tf.matMul(style, gamma as TensorFlow.Tensor2D).squeeze([0]);
      beta = tf.matMul(style, beta as TensorFlow.Tensor2D).squeeze([0]);
    }
    const [mean, variance] = this.moments(name, mode, x);
    const scale = gamma.div(variance.add(instanceNormEpsilon).sqrt());
    return x.sub(mean).mul(scale).add(beta);
  }

  private moments(name: string, mode: Norm['mode'], x: Tensor4D): [Tensor, Tensor] {
    if (mode === 'batch' && !this.options.onMoments) {
      return [this.parameter(`${name}/mean`), this.parameter(`${name}/variance`)];
    }
    const { mean, variance } = this.tf.moments(x, mode === 'batch' ? [0, 1, 2] : [1, 2], true);
    if (mode === 'batch') this.options.onMoments?.(name, mean.flatten(), variance.flatten());
    return [mean, variance];
  }

  private parameter(name: string): Tensor {
    const found = this.parameters.get(name);
    if (!found) throw new Error(`no parameter "${name}"`);
    return found;
  }
}

function padFor(tf: Tf, x: Tensor4D, padding: Padding, amount: number): Tensor4D {
  if (padding === 'valid' || amount === 0) return x;
  const edges: EdgePads = [
    [amount, amount],
    [amount, amount],
  ];
  return padding === 'zero' ? tf.pad4d(x, [[0, 0], ...edges, [0, 0]]) : reflectPad(tf, x, edges);
}

type EdgePads = [[top: number, bottom: number], [left: number, right: number]];

/**
 * Reflection padding with its true gradient: TensorFlow.js' own `mirrorPad` lets go of what flows into the border.
 */
export function reflectPad(tf: Tf, x: Tensor4D, pads: EdgePads): Tensor4D {
  if (pads.flat().every((amount) => amount === 0)) return x;
  const padded = tf.customGrad((input) => {
    return {
      value: tf.mirrorPad(input as Tensor4D, [[0, 0], ...pads, [0, 0]], 'reflect'),
      gradFunc: (dy: Tensor) => foldBorder(tf, foldBorder(tf, dy as Tensor4D, 1, pads[0]), 2, pads[1]),
    };
  });
  return padded(x) as Tensor4D;
}

/** Adds the gradient of the mirrored rows (axis 1) or columns (axis 2) onto those they were copied from. */
function foldBorder(tf: Tf, dy: Tensor4D, axis: 1 | 2, [before, after]: [number, number]): Tensor4D {
  const size = dy.shape[axis] - before - after;
  const part = (start: number, length: number): Tensor4D => {
    const begin = [0, 0, 0, 0];
    const extent = [-1, -1, -1, -1];
    begin[axis] = start;
    extent[axis] = length;
    return tf.slice(dy, begin, extent);
  };
  const placed = (border: Tensor4D, start: number): Tensor4D => {
    const pads: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]]; // prettier-ignore
    pads[axis] = [start, size - start - border.shape[axis]];
    return tf.pad(tf.reverse(border, axis), pads);
  };
  let sum = part(before, size);
  if (before > 0) sum = sum.add(placed(part(0, before), 1));
  if (after > 0) sum = sum.add(placed(part(before + size, after), size - 1 - after));
  return sum;
}

/** Bicubic enlargement as two products with the matrices of its weights: TensorFlow.js has no operator for it. */
function enlargeBicubic(tf: Tf, x: Tensor4D, factor: number): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const columns = tf.matMul(bicubicMatrix(tf, height, factor), x.reshape([batch, height, width * channels]));
  const turned = columns.reshape([batch, height * factor, width, channels]).transpose([0, 2, 1, 3]);
  const rows = tf.matMul(
    bicubicMatrix(tf, width, factor),
    turned.reshape([batch, width, height * factor * channels]),
  );
  return rows.reshape([batch, width * factor, height * factor, channels]).transpose([0, 2, 1, 3]) as Tensor4D;
}

/** `[1, length·factor, length]`: the share of each sample in each enlarged one. Keys 1981, a = −0.5. */
function bicubicMatrix(tf: Tf, length: number, factor: number): TensorFlow.Tensor3D {
  const matrix = new Float32Array(length * factor * length);
  for (let i = 0; i < length * factor; i++) {
    const centre = (i + 0.5) / factor - 0.5;
    for (let tap = Math.floor(centre) - 1; tap <= Math.floor(centre) + 2; tap++) {
      const at = i * length + Math.min(Math.max(tap, 0), length - 1);
      matrix[at] = (matrix[at] ?? 0) + keysCubic(Math.abs(centre - tap));
    }
  }
  return tf.tensor3d(matrix, [1, length * factor, length]);
}

function keysCubic(distance: number): number {
  if (distance <= 1) return (1.5 * distance - 2.5) * distance ** 2 + 1;
  if (distance <= 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}

/** [b, h, w, block²·c] → [b, h·block, w·block, c]; written with reshapes because tf.depthToSpace has no gradient. */
export function depthToSpace(x: Tensor4D, block: number): Tensor4D {
  const [batch, height, width, depth] = x.shape;
  const channels = depth / block ** 2;
  return x
    .reshape([batch, height, width, block, block, channels])
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([batch, height * block, width * block, channels]);
}

/** [b, h·block, w·block, c] → [b, h, w, block²·c]: the inverse of {@link depthToSpace}. */
export function spaceToDepth(x: Tensor4D, block: number): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return x
    .reshape([batch, height / block, block, width / block, block, channels])
    .transpose([0, 1, 3, 2, 4, 5])
    .reshape([batch, height / block, width / block, block ** 2 * channels]);
}
