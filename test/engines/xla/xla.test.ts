import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { loadTensorFlow } from '../../../src/engines/tfjs.js';
import { useXla } from '../../../src/engines/xla/backend.js';
import { mulberry32 } from '../../../src/nets/weights.js';
import { paperOptimisation } from '../../../src/training/optimisation.js';
import { train, type StepReport } from '../../../src/training/loop.js';
import type { TrainingTask } from '../../../src/training/task.js';
import { buildNetwork } from '../../../src/nets/families.js';
import { forward } from '../../../src/nets/tfjs.js';
import { totalVariation } from '../../../src/losses/losses.js';
import { JaxDevice } from './jax-device.js';

const tf = loadTensorFlow();
let device: JaxDevice;

beforeAll(async () => {
  await tf.ready();
  device = new JaxDevice();
  useXla(tf, device);
});
afterEach(() => {
  void tf.setBackend('tensorflow');
});
afterAll(() => {
  device.close();
});

/** Numbers from −0.5 to 0.5, times `factor`. */
const t = <R extends Rank>(shape: readonly number[], seed = 1, factor = 1): Tensor<R> => {
  const random = mulberry32(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from({ length: size }, () => (random() - 0.5) * factor);
  return tf.tensor(values, shape as never);
};

/** The same computation by both: shape and numbers. */
function byBoth(compute: () => Tensor): void {
  const [expected, actual] = (['tensorflow', 'xla'] as const).map((backend) => {
    void tf.setBackend(backend);
    const result = tf.tidy(compute);
    const values = { shape: result.shape, numbers: Array.from(result.dataSync()) };
    result.dispose();
    return values;
  });
  expect(actual?.shape).toEqual(expected?.shape);
  for (const [i, number] of actual?.numbers.entries() ?? []) {
    const wanted = expected?.numbers[i] ?? NaN;
    expect(Math.abs(number - wanted)).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(wanted)));
  }
}

describe('XLA computes what TensorFlow computes', () => {
  test.each<[string, () => Tensor]>([
    ['sums of shapes that have to be spread', () => t([2, 1, 3]).sub(t([4, 1], 2)).add(t([3], 3))],
    ['products, quotients, powers', () => t([3]).mul(2).div(t([3], 2)).abs().pow(tf.scalar(1.5))],
    ['sum over an axis', () => t([2, 3, 4]).sum([1])],
    ['sum that keeps its axis', () => t([2, 3, 4]).sum(-1, true)],
    ['mean and variance', () => tf.moments(t([2, 4, 4, 3]), [1, 2], true).variance],
    ['maximum', () => t([3, 4]).max(1)],
    ['convolution', () => tf.conv2d(t<Rank.R4>([2, 7, 8, 3]), t<Rank.R4>([3, 3, 3, 5], 2), 1, 'same')],
    ['convolution with a stride', () => tf.conv2d(t<Rank.R4>([2, 9, 8, 3]), t<Rank.R4>([3, 3, 3, 5], 2), 2, 'valid')],
    ['transposed convolution', () => tf.conv2dTranspose(t<Rank.R4>([2, 4, 5, 3]), t<Rank.R4>([3, 3, 6, 3], 2), [2, 8, 10, 6], 2, 'same')],
    ['pooling, odd sizes', () => tf.maxPool(t<Rank.R4>([2, 7, 9, 3]), 2, 2, 'valid')],
    ['matrix product', () => tf.matMul(t([3, 4]), t([5, 4], 2), false, true)],
    ['matrix products of a batch', () => tf.matMul(t([1, 4, 3]), t([2, 4, 5], 2), true, false)],
    ['reflection', () => tf.mirrorPad(t<Rank.R4>([1, 4, 5, 2]), [[0, 0], [1, 2], [3, 1], [0, 0]], 'reflect')],
    ['reversal, transposition, concatenation', () => tf.concat([t([2, 3]).reverse(1), t([3, 2], 2).transpose([1, 0])], 0)],
    ['tiles', () => tf.tile(t([2, 3]), [2, 3])],
    ['slices and padding', () => t<Rank.R2>([3, 4]).slice([1, 1], [-1, 2]).pad([[1, 0], [0, 2]], 7)],
    ['one-hot rows', () => tf.oneHot(tf.tensor1d([1, 0], 'int32'), 3).toFloat()],
    ['nearest neighbours', () => tf.image.resizeNearestNeighbor(t<Rank.R4>([1, 2, 3, 2]), [4, 6])],
    ['choices', () => tf.where(t([4]).greater(0), t([4]), t([4], 2)).clipByValue(-0.2, 0.3).step()],
    ['rounding to whole numbers', () => t([9]).mul(10).round().toInt()],
    ['activations', () => tf.prelu(t([2, 3]), t([3], 2)).tanh().relu()],
  ])('%s', (_, compute) => {
    byBoth(compute);
  }); // prettier-ignore

  const x = (): Tensor4D => t<Rank.R4>([2, 7, 8, 3], 9);
  test.each<[string, (x: Tensor4D) => Tensor]>([
    ['a convolution’s picture', (x) => tf.conv2d(x, t<Rank.R4>([3, 3, 3, 5], 2), 1, 'same').square().sum()],
    ['the same with a stride', (x) => tf.conv2d(x, t<Rank.R4>([3, 3, 3, 5], 2), 2, 'valid').square().sum()],
    ['a convolution’s kernel', (x) => tf.conv2d(t<Rank.R4>([2, 9, 9, 2], 5), x.slice([0, 0, 0, 0], [1, 6, 6, 2]).reshape([6, 6, 2, 1]), 1, 'same').square().sum()],
    ['the same with a stride', (x) => tf.conv2d(t<Rank.R4>([2, 9, 9, 2], 5), x.slice([0, 0, 0, 0], [1, 6, 6, 2]).reshape([6, 6, 2, 1]), 2, 'same').square().sum()],
    ['pooling', (x) => tf.maxPool(x, 2, 2, 'valid').square().mean()],
    ['nearest neighbours', (x) => tf.image.resizeNearestNeighbor(x, [14, 16]).square().sum()],
    ['normalisation', (x) => { const { mean, variance } = tf.moments(x, [1, 2], true); return x.sub(mean).div(variance.add(1e-3).sqrt()).pow(tf.scalar(3)).sum(); }],
    ['Gram matrices', (x) => tf.matMul(x.reshape([2, 56, 3]), x.reshape([2, 56, 3]), true, false).square().sum()],
    ['absolute differences', (x) => x.sub(0.1).abs().mean()],
  ])('gradient of %s', (_, compute) => {
    byBoth(() => tf.grad((at) => compute(at as Tensor4D))(x()));
  }); // prettier-ignore

  test('a kernel that our networks do not need is named', () => {
    void tf.setBackend('xla');
    expect(() => tf.maxPool(t<Rank.R4>([1, 6, 6, 1]), 3, 2, 'valid')).toThrow('MaxPool');
  });
});

describe('lazily', () => {
  test('compiles a computation once, whatever its numbers', () => {
    void tf.setBackend('xla');
    const before = device.programs;
    for (const factor of [2, 3, 4]) {
      const [first] = tf.tidy(() => t([4]).mul(factor).sum().dataSync());
      expect(first).toBeCloseTo(factor * Array.from(t([4]).dataSync()).reduce((a, b) => a + b), 5);
    }
    expect(device.programs).toBe(before + 1);
  });

  test('frees what no tensor shows', () => {
    void tf.setBackend('xla');
    const before = device.buffers;
    const kept = tf.tidy(() =>
      t([4])
        .add(t([4], 2))
        .square(),
    );
    kept.dataSync();
    expect(device.buffers).toBe(before + 1);
    kept.dispose();
    expect(device.buffers).toBe(before);
  });

  test('trains as TensorFlow does, on two programs', async () => {
    const onTensorFlow = await losses('tensorflow');
    const before = device.programs;
    const onXla = await losses('xla');
    expect(device.programs).toBe(before + 2); // losses with their gradient; the update
    for (const [i, loss] of onXla.entries()) expect(loss / (onTensorFlow[i] ?? NaN)).toBeCloseTo(1, 4);
  });
});

/** A small network that learns to smooth pictures, for some steps. */
async function losses(backend: string): Promise<number[]> {
  void tf.setBackend(backend);
  const spec = {
    family: 'ecbsr',
    options: { scale: 2, width: 4, blocks: 1, activation: 'relu', edgeBranches: true },
  };
  const network = buildNetwork(spec);
  const run = forward(tf, network);
  const task: TrainingTask<{ low: Tensor4D }> = {
    network,
    spec,
    prepare: async (position) => ({ low: t<Rank.R4>([1, 8, 8, 1], position + 1, 100) }),
    losses: (parameters, { low }) => {
      const total = totalVariation(run(parameters, low), tf);
      return { total, parts: { total } };
    },
    release: ({ low }) => {
      low.dispose();
    },
  };
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-xla-'));
  const reports: StepReport[] = [];
  try {
    await train(
      tf,
      task,
      {
        ...paperOptimisation,
        steps: 5,
        averaging: 0.99,
        seed: 1,
        folder,
        checkpointEvery: 100,
        resume: false,
        recipe: {},
      },
      { onStep: (report) => void reports.push(report) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return reports.map((report) => report.losses['total'] ?? NaN);
}
