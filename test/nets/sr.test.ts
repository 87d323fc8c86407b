import { describe, expect, it } from '@jest/globals';
import { engine } from '../../src/engines/onnxruntime.js';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { resizeBicubic } from '../../src/metrics/bicubic.js';
import { psnr } from '../../src/metrics/psnr.js';
import { buildNetwork } from '../../src/nets/families.js';
import type { NetworkSpec } from '../../src/nets/metadata.js';
import { parametersOf, type Layer } from '../../src/nets/layers.js';
import { toOnnx } from '../../src/nets/onnx.js';
import { paperSrNet, type PlainSrOptions } from '../../src/nets/sr.js';
import { forward, toTensors, type Tensor4D } from '../../src/nets/tfjs.js';
import { initialWeights, type WeightArray } from '../../src/nets/weights.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { exampleMetadata } from '../fixtures/metadata.js';
import { livelyWeights } from '../fixtures/lively-weights.js';

const tf = loadTensorFlow();

const networks: Readonly<Record<string, NetworkSpec>> = {
  'the paper’s network ×4': { family: 'paper-sr', options: { scale: 4, width: 8, blocks: 1 } },
  'the paper’s network ×3': {
    family: 'paper-sr',
    options: { scale: 3, width: 8, blocks: 1, upsampling: 'nearest' },
  },
  'SRCNN ×2': { family: 'srcnn', options: { scale: 2, filters: [8, 4] } },
  'ESPCN ×3': { family: 'espcn', options: { scale: 3 } },
  'FSRCNN ×4': { family: 'fsrcnn', options: { scale: 4 } },
  'ECBSR ×4': { family: 'ecbsr', options: { scale: 4, blocks: 2 } },
  'ECBSR ×2 with edge-oriented branches': {
    family: 'ecbsr',
    options: { scale: 2, blocks: 2, edgeBranches: true },
  },
  'ECBSR ×2 with PReLU': { family: 'ecbsr', options: { scale: 2, blocks: 2, activation: 'prelu' } },
  'SRVGGNetCompact ×2': { family: 'srvgg', options: { scale: 2, width: 8, blocks: 2 } },
};

describe.each(Object.entries(networks))('%s', (_, spec) => {
  it('gives the same picture in TensorFlow.js and in ONNX Runtime, within 1 of 255', async () => {
    const [width, height] = [29, 22];
    const network = buildNetwork(spec);
    const weights = livelyWeights(network, 0.25);
    // Grey: then luminance is all there is, and what a luma network makes of it is the whole result.
    const grey = makePhotograph(width, height).filter((_value, i) => i % 3 === 0);
    const picture = Float32Array.from(
      { length: grey.length * 3 },
      (_value, i) => grey[Math.floor(i / 3)] ?? 0,
    );
    const expected = tf.tidy(() => {
      const rgb = tf.tensor4d(picture, [1, height, width, 3]);
      const input = network.channels === 'rgb' ? rgb : tf.slice(rgb, [0, 0, 0, 0], [-1, -1, -1, 1]);
      const result = forward(tf, network)(toTensors(tf, weights), input);
      return tf
        .tile(result, [1, 1, 1, network.channels === 'rgb' ? 1 : 3])
        .clipByValue(0, 255)
        .dataSync();
    });
    const { scale } = network;
    const actual = await run(spec, weights, Uint8Array.from(picture), width, height);
    expect(actual.length).toBe(width * scale * height * scale * 3);
    const differences = Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Infinity)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(new Set(actual).size).toBeGreaterThan(20); // a flat picture would agree with anything
  });
});

describe('a network on luminance', () => {
  it('keeps colours: what it makes of a flat picture with silent weights is that picture', async () => {
    const spec = ecbsr({ scale: 3, blocks: 1 });
    const weights = initialWeights(buildNetwork(spec), 1);
    for (const { data } of weights.values()) data.fill(0);
    const colour = [200, 60, 20];
    const flat = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => colour[i % 3] ?? 0);
    const result = await run(spec, weights, flat, 8, 6);
    result.forEach((value, i) => {
      expect(Math.abs(value - (colour[i % 3] ?? 0))).toBeLessThanOrEqual(1);
    });
  });

  it('gives 16-bit pictures the same result, in more steps', async () => {
    const spec = ecbsr({ scale: 2, blocks: 2 });
    const weights = livelyWeights(buildNetwork(spec), 0.25);
    const [width, height] = [24, 18];
    const photo = makePhotograph(width, height);
    const expected = await run(spec, weights, photo, width, height);
    const wide = Uint16Array.from(photo, (value) => value * 257);
    const actual = await run(spec, weights, wide, width, height);
    const differences = Array.from(actual, (value, i) => Math.abs(value / 257 - (expected[i] ?? Infinity)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(new Set(Array.from(actual, (value) => value % 257)).size).toBeGreaterThan(10);
  });

  it('enlarges as MATLAB does before SRCNN’s convolutions', async () => {
    const spec = { family: 'srcnn', options: { scale: 2, kernels: [9, 1, 5], filters: [1, 1] } };
    const weights = initialWeights(buildNetwork(spec), 1);
    for (const [name, { data }] of weights) {
      data.fill(0);
      if (name.endsWith('/kernel')) data[(data.length - 1) / 2] = 1; // each convolution passes its input on
    }
    const [width, height] = [30, 24];
    const photo = makePhotograph(width, height).map((_, i, all) => all[i - (i % 3)] ?? 0);
    const result = await run(spec, weights, photo, width, height);
    const expected = resizeBicubic({ width, height, channels: 3, data: photo }, 2);
    expect(psnr({ ...expected, data: result }, expected)).toBeGreaterThan(50); // apart only in rounding between the axes
  });
});

describe('the paper’s network is its table', () => {
  // Filters × kernel, stride or what else; BN and ReLU follow every convolution but the last, none after a block's sum.
  const block = ['block: 64×3×3, norm, relu, 64×3×3, norm'];
  const ends = [['64×9×9', 'norm', 'relu'], ['3×9×9', 'tanh']] as const; // prettier-ignore
  const stage = ['64×3×3 s½', 'norm', 'relu'];
  // By hand: 9·9·3·64 + 64, 2·64 of its norm; 8 (9·64·64 + 64 + 128) in blocks, 2 or 3 of the same in stages; 9·9·64·3 + 3
  it.each([
    [4, [...stage, ...stage], 401_859],
    [8, [...stage, ...stage, ...stage], 438_915],
  ] as const)('×%i', (scale, stages, parameters) => {
    const network = paperSrNet({ scale });
    const blocks = [...block, ...block, ...block, ...block];
    expect(network.layers.map(told)).toEqual([...ends[0], ...blocks, ...stages, ...ends[1]]);
    const learned = parametersOf(network).filter(({ group }) => group !== 'statistics');
    const count = learned.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(count).toBe(parameters);
    expect([network.channels, network.output]).toEqual(['rgb', { offset: 127.5, scale: 127.5 }]);
  });
});

function told(layer: Layer): string {
  switch (layer.kind) {
    case 'conv':
      return `${layer.out}×${layer.kernel}×${layer.kernel}${layer.stride === 1 ? '' : ' s2'}`;
    case 'transposed-conv':
      return `${layer.out}×${layer.kernel}×${layer.kernel} s½`;
    case 'residual':
      return `block: ${layer.layers.map(told).join(', ')}`;
    default:
      return layer.kind;
  }
}

it.each([2, 3, 4, 8] as const)('the paper’s family and the compact ones enlarge ×%i', (scale) => {
  for (const family of ['paper-sr', 'srcnn', 'espcn', 'fsrcnn', 'ecbsr', 'srvgg']) {
    const network = buildNetwork({ family, options: { scale, width: 4, blocks: 1 } });
    const weights = initialWeights(network, 1);
    const shape = tf.tidy(() => {
      const input = tf.zeros([1, 10, 12, network.channels === 'rgb' ? 3 : 1]) as Tensor4D;
      return forward(tf, network)(toTensors(tf, weights), input).shape;
    });
    expect(shape.slice(1, 3)).toEqual([10 * scale, 12 * scale]);
  }
});

const ecbsr = (options: Partial<PlainSrOptions>): NetworkSpec => ({ family: 'ecbsr', options });

async function run<S extends Uint8Array | Uint16Array>(
  spec: NetworkSpec,
  weights: ReadonlyMap<string, WeightArray>,
  picture: S,
  width: number,
  height: number,
): Promise<S> {
  const network = buildNetwork(spec);
  const { scale } = network;
  const model = toOnnx(network, weights, exampleMetadata(spec, { minimumSize: 8 }));
  const format = picture.BYTES_PER_ELEMENT === 1 ? 'rgb8' : 'rgb16';
  const session = await engine.open({ model, threads: 1, geometry: { width, height, format } });
  const type = picture.constructor as new (length: number) => S;
  const result = new type(width * height * scale ** 2 * 3);
  await session.run(bytesOf(picture), bytesOf(result));
  await session.close();
  return result;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint8Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
