import { describe, expect, it } from '@jest/globals';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ready, File as H5File } from 'h5wasm/node';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { StyleObjective } from '../../src/losses/objective.js';
import { taps, Vgg16 } from '../../src/losses/vgg16.js';
import { loadVgg16 } from '../../src/losses/vgg16-weights.js';
import { encodeSafetensors } from '../../src/nets/safetensors.js';
import type { Tensor4D } from '../../src/nets/tfjs.js';
import type { WeightArray } from '../../src/nets/weights.js';
import { expectGradientMatchesFiniteDifferences } from '../fixtures/finite-differences.js';
import { narrowVgg, passingVgg } from '../fixtures/narrow-vgg.js';

const tf = loadTensorFlow();

describe('Vgg16', () => {
  it('gives activations at full, half, quarter and eighth size', () => {
    const features = new Vgg16(tf, narrowVgg()).features(tf.zeros([1, 32, 48, 3]), taps);
    expect(taps.map((tap) => features[tap].shape.slice(1, 3))).toEqual([[32, 48], [16, 24], [8, 12], [4, 6]]); // prettier-ignore
  });

  it('subtracts the ImageNet mean, red first', () => {
    const picture = tf.fill([1, 4, 4, 3], 200) as Tensor4D;
    const { relu1_2 } = new Vgg16(tf, passingVgg()).features(picture, ['relu1_2']);
    const [red = 0, green = 0, blue = 0] = relu1_2.dataSync();
    expect([red, green, blue].map((value) => Number(value.toFixed(3)))).toEqual([76.32, 83.221, 96.061]);
  });

  it('lets the objective’s gradient through to the picture', () => {
    const objective = new StyleObjective(tf, new Vgg16(tf, narrowVgg()));
    const random = (seed: number): Tensor4D => tf.randomUniform([1, 8, 8, 3], 0, 255, 'float32', seed);
    const content = objective.contentTarget(random(1));
    const style = objective.styleTarget(random(2));
    expectGradientMatchesFiniteDifferences(
      tf,
      random(3),
      (x) => objective.losses(x, content, style).total,
      { step: 0.5, tolerance: 0.05 }, // the ReLUs bend within the step
    );
  });
});

describe('loadVgg16', () => {
  it('reads Keras’ HDF5 file, turning its blue-first kernel round', async () => {
    const keras = kerasWeights();
    const path = join(await mkdtemp(join(tmpdir(), 'vgg-')), 'vgg16.h5');
    await ready;
    const file = new H5File(path, 'w');
    for (const [name, { shape, data }] of keras) {
      const [layer = '', kind = ''] = name.split('/');
      const group = file.keys().includes(layer) ? file.get(layer) : file.create_group(layer);
      (group as ReturnType<typeof file.create_group>).create_dataset({
        name: `${layer}_${kind === 'kernel' ? 'W' : 'b'}_1:0`,
        data,
        shape: [...shape],
      });
    }
    file.close();
    expectRedFirst(await loadVgg16(path), keras);
  });

  it('reads safetensors under Keras’ names', async () => {
    const keras = kerasWeights();
    const path = join(await mkdtemp(join(tmpdir(), 'vgg-')), 'vgg16.safetensors');
    await writeFile(path, encodeSafetensors(keras));
    expectRedFirst(await loadVgg16(path), keras);
  });

  it('says so when the file is no VGG16', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'vgg-')), 'other.safetensors');
    await writeFile(path, encodeSafetensors(new Map()));
    await expect(loadVgg16(path)).rejects.toThrow('holds no VGG16: conv1_1 is missing');
    await expect(loadVgg16('/nowhere/vgg.h5')).rejects.toThrow('cannot be read from "/nowhere/vgg.h5"');
  });
});

function kerasWeights(): Map<string, WeightArray> {
  return new Map(
    [...narrowVgg()].map(([name, array]) => [name.replace(/conv(\d)_(\d)/, 'block$1_conv$2'), array]),
  );
}

function expectRedFirst(
  loaded: ReadonlyMap<string, WeightArray>,
  keras: ReadonlyMap<string, WeightArray>,
): void {
  const kernel = loaded.get('conv1_1/kernel');
  const original = keras.get('block1_conv1/kernel');
  const out = kernel?.shape[3] ?? 0;
  // Row 0, column 0: our red channel is Keras' third.
  expect(kernel?.data.slice(0, out)).toEqual(original?.data.slice(2 * out, 3 * out));
  expect(kernel?.data.slice(out, 2 * out)).toEqual(original?.data.slice(out, 2 * out));
  expect(loaded.get('conv4_3/kernel')?.data).toEqual(keras.get('block4_conv3/kernel')?.data);
  expect(loaded.get('conv4_3/bias')?.data).toEqual(keras.get('block4_conv3/bias')?.data);
}
