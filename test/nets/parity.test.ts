import { describe, expect, it } from '@jest/globals';
import ort from 'onnxruntime-node';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { buildNetwork } from '../../src/nets/families.js';
import type { Network } from '../../src/nets/layers.js';
import { parseModel, type NetworkSpec } from '../../src/nets/metadata.js';
import { specialise, toOnnx } from '../../src/nets/onnx.js';
import { forward, toTensors } from '../../src/nets/tfjs.js';
import type { Weights } from '../../src/nets/weights.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { exampleMetadata } from '../fixtures/metadata.js';
import { livelyWeights } from '../fixtures/lively-weights.js';

const tf = loadTensorFlow();
const styles = ['one', 'two', 'three'];
const blend = [0.5, 0.2, 0.3];

const networks: Readonly<Record<string, NetworkSpec>> = {
  'the paper’s network': { family: 'paper-style', options: { width: 8, blocks: 2 } },
  'the paper’s network with instance normalisation, nearest-neighbour upsampling and linear output': {
    family: 'paper-style',
    options: { width: 8, norm: 'instance', upsampling: 'nearest', output: 'linear' },
  },
  'a fast network of several styles': { family: 'fast-style', options: { styles } },
  'a fast network with full-size ends': {
    family: 'fast-style',
    options: { styles, ends: 'full', width: 8, depth: 16, kernel: 5 },
  },
  'a fast network with zero padding': {
    family: 'fast-style',
    options: { styles, ends: 'half', fullEnd: 8, padding: 'zero' },
  },
};

describe.each(Object.entries(networks))('%s', (_, spec) => {
  const network = buildNetwork(spec);
  const weights = livelyWeights(network, 0.5);
  const model = toOnnx(network, weights, exampleMetadata(spec));

  it.each([
    [96, 64],
    [97, 67],
    [53, 94],
  ])(
    'gives the same %i×%i picture in TensorFlow.js and in ONNX Runtime, within 1 of 255',
    async (width, height) => {
      const photo = makePhotograph(width, height);
      const expected = inTensorFlow(network, weights, photo, width, height);
      expect(spread(expected)).toBeGreaterThan(25); // a flat picture would agree with anything
      for (const written of [model, specialise(parseModel(model), { sample: 'uint8', lowered: true })]) {
        const actual = await inOnnxRuntime(written, network, photo, width, height);
        expect(largestDifference(expected, actual)).toBeLessThanOrEqual(1);
      }
    },
  );

  it('gives the same picture for 16-bit samples', async () => {
    const photo = makePhotograph(64, 48);
    const expected = await inOnnxRuntime(model, network, photo, 64, 48);
    const wide = Uint16Array.from(photo, (value) => value * 257);
    const actual = await inOnnxRuntime(
      specialise(parseModel(model), { sample: 'uint16', lowered: true }),
      network,
      wide,
      64,
      48,
    );
    expect(
      largestDifference(
        expected,
        Float32Array.from(actual, (value) => value / 257),
      ),
    ).toBeLessThanOrEqual(1);
    expect(new Set(Array.from(actual, (value) => value % 257)).size).toBeGreaterThan(10); // more than 8 bits
  });
});

function inTensorFlow(network: Network, weights: Weights, photo: Uint8Array, width: number, height: number) {
  return tf.tidy(() => {
    const picture = tf.tensor4d(Float32Array.from(photo), [1, height, width, 3]);
    const style = network.styles.length > 0 ? tf.tensor1d(blend) : undefined;
    const result = forward(tf, network)(toTensors(tf, weights), picture, { style });
    return result.clipByValue(0, 255).round().dataSync<'float32'>();
  });
}

async function inOnnxRuntime(
  model: Uint8Array,
  network: Network,
  photo: Uint8Array | Uint16Array,
  width: number,
  height: number,
): Promise<ArrayLike<number>> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  const type = photo instanceof Uint16Array ? 'uint16' : 'uint8';
  const feeds: Record<string, ort.Tensor> = { image: new ort.Tensor(type, photo, [1, height, width, 3]) };
  if (network.styles.length > 0) feeds['style'] = new ort.Tensor('float32', Float32Array.from(blend), [3]);
  const { result } = await session.run(feeds);
  await session.release();
  expect(result?.dims).toEqual([1, height, width, 3]);
  return result?.data as Uint8Array;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Infinity))),
    0,
  );
}

function spread(values: ArrayLike<number>): number {
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
