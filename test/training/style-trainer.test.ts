import { describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { isVidstyleError } from '../../src/errors.js';
import { buildNetwork } from '../../src/nets/families.js';
import type { Weights } from '../../src/nets/weights.js';
import { paperStyleDefaults } from '../../src/nets/style.js';
import { untilTimeIsUp } from '../../src/training/schedule.js';
import { trainStyle } from '../../src/training/style-trainer.js';
import { makeTrainingData, tinyRecipe, writePicture } from '../fixtures/training-data.js';

const tf = loadTensorFlow();

describe('trainStyle', () => {
  it('gives the same weights interrupted and resumed as in one go', async () => {
    const data = await makeTrainingData();
    const whole = await trainStyle(tf, { ...data, folder: join(data.root, 'whole') });

    const controller = new AbortController();
    const interrupted = trainStyle(
      tf,
      { ...data, signal: controller.signal },
      {
        onStep: ({ step }) => {
          if (step === 3) controller.abort();
        },
      },
    );
    await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
    const resumed = await trainStyle(tf, { ...data, resume: true });

    expect(resumed.steps).toBe(6);
    expectSameWeights(resumed.weights, whole.weights);
  });

  it('frees every tensor it made', async () => {
    const data = await makeTrainingData();
    await trainStyle(tf, data);
    const before = tf.memory().numTensors;
    await trainStyle(tf, {
      ...data,
      recipe: { ...tinyRecipe, temporal: 100, keepContent: 0, accumulate: 2 },
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('lowers the objective', async () => {
    const data = await makeTrainingData();
    const totals: number[] = [];
    const recipe = { ...tinyRecipe, steps: 60, rate: 3e-3, styleRate: 1 };
    await trainStyle(
      tf,
      { ...data, recipe },
      { onStep: ({ losses }) => void totals.push(losses['style'] ?? 0) },
    );
    const styled = totals.filter((value) => value > 0); // some steps are the identity's
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(styled.slice(-8))).toBeLessThan(0.8 * mean(styled.slice(0, 8)));
  });

  it('gives the identity an eighth of the steps at most', async () => {
    const data = await makeTrainingData();
    const identities: boolean[] = [];
    await trainStyle(
      tf,
      { ...data, pictures: data.pictures.slice(0, 1), recipe: { ...tinyRecipe, steps: 16 } },
      { onStep: ({ losses }) => void identities.push('identity' in losses) },
    );
    expect(identities.filter(Boolean)).toHaveLength(2);
  });

  it('ends when its time is up, its rate fallen by the clock', async () => {
    const data = await makeTrainingData();
    const reports: { rate: number; left?: number | undefined }[] = [];
    const recipe = { ...tinyRecipe, steps: untilTimeIsUp, decay: 'late', warmup: 0 } as const;
    const { steps } = await trainStyle(
      tf,
      { ...data, recipe, seconds: 1 },
      { onStep: (report) => void reports.push(report) },
    );
    expect(steps).toBe(reports.length);
    expect(reports.at(-1)).toMatchObject({ left: 0, rate: expect.closeTo(recipe.rate / 100, 6) as unknown });
    expect(reports[0]?.rate).toBeGreaterThan(reports.at(-1)?.rate ?? Infinity);
  });

  it('trains the paper’s network with batch normalisation, whose running moments move', async () => {
    const data = await makeTrainingData();
    const network = { family: 'paper-style', options: { ...paperStyleDefaults, width: 4, blocks: 1 } };
    const { weights } = await trainStyle(tf, {
      ...data,
      pictures: data.pictures.slice(0, 1),
      recipe: { ...tinyRecipe, network, batch: 2, averaging: 0 },
    });
    const variance = weights.get('conv1/norm/variance')?.data ?? [];
    expect(Array.from(variance).every((value) => Number.isFinite(value) && value !== 1)).toBe(true);
  });

  it('counts and skips photos that are unreadable or tiny', async () => {
    const data = await makeTrainingData();
    await writeFile(join(data.photos, 'broken.jpg'), 'no picture');
    await writePicture(join(data.photos, 'tiny.png'), 8, 8, 9);
    const { skipped, steps } = await trainStyle(tf, { ...data, recipe: { ...tinyRecipe, steps: 10 } });
    expect(steps).toBe(10);
    expect([...skipped.keys()].map((path) => path.split('/').at(-1)).sort()).toEqual([
      'broken.jpg',
      'tiny.png',
    ]);
    expect(skipped.get(join(data.photos, 'tiny.png'))).toBe('only 8×8');
  });

  it('goes back to the last good checkpoint, slower, when the loss blows up', async () => {
    const data = await makeTrainingData();
    const recoveries: [number, number][] = [];
    const recipe = { ...tinyRecipe, rate: 1e25, steps: 4 }; // overflows float32 within two steps
    const training = trainStyle(
      tf,
      { ...data, recipe },
      { onRecovery: (...event) => void recoveries.push(event) },
    );
    await expect(training).rejects.toMatchObject({ code: 'training' });
    expect(recoveries.length).toBe(10);
    expect(recoveries.map(([, factor]) => factor).slice(0, 3)).toEqual([0.5, 0.25, 0.125]);
    expect(new Set(recoveries.map(([step]) => step)).size).toBe(1);
  });

  it('says what is missing: photos, VGG16, a place to write', async () => {
    const data = await makeTrainingData(1);
    await expect(trainStyle(tf, { ...data, vgg16: join(data.root, 'none.h5') })).rejects.toThrow(
      /VGG16.*none\.h5/,
    );
    await expect(trainStyle(tf, { ...data, photos: join(data.root, 'nowhere') })).rejects.toThrow(
      /photos.*nowhere/,
    );
    await expect(trainStyle(tf, { ...data, folder: join(data.vgg16, 'x') })).rejects.toThrow(
      /cannot be written/,
    );
    await rm(join(data.photos, '0.png'));
    await expect(trainStyle(tf, data)).rejects.toThrow('There are no photos in');
  });

  it('adds a style without touching the others', async () => {
    const data = await makeTrainingData();
    const first = await trainStyle(tf, { ...data, pictures: data.pictures.slice(0, 1) });
    const addTo = { spec: first.network, weights: first.weights };
    const second = await trainStyle(tf, { ...data, pictures: data.pictures.slice(1), addTo });
    expect(second.network.options['styles']).toEqual(['dots', 'identity', 'waves']);
    for (const [name, { shape, data: values }] of first.weights) {
      expect(second.weights.get(name)?.data.slice(0, values.length)).toEqual(values);
      if (!name.endsWith('/gamma')) continue;
      const channels = shape[1] ?? 0;
      const gamma = second.weights.get(name)?.data ?? new Float32Array();
      const mean = values.slice(0, channels);
      expect(gamma.slice(2 * channels)).not.toEqual(mean); // the new row has moved from its start
    }
    const again = trainStyle(tf, { ...data, pictures: data.pictures.slice(0, 1), addTo });
    await expect(again).rejects.toThrow('The preset has a style named "dots" already.');
  });

  it('starts from a trained network, each known style from its own row', async () => {
    const data = await makeTrainingData();
    const first = await trainStyle(tf, data);
    const initial = { network: buildNetwork(first.network), weights: first.weights };
    const recipe = { ...data.recipe, steps: 1, rate: 1e-9, averaging: 0 };
    const swapped = { ...data, recipe, initial, seed: 2, folder: join(data.root, 'second') };
    const second = await trainStyle(tf, { ...swapped, pictures: [...data.pictures].reverse() });
    const close = (values: Float32Array = new Float32Array()): unknown[] =>
      [...values].map((value) => expect.closeTo(value, 6));
    const kernel = 'conv1/conv/kernel';
    expect([...(second.weights.get(kernel)?.data ?? [])]).toEqual(close(first.weights.get(kernel)?.data));
    const rows = ({ weights }: typeof first): Float32Array[] => {
      const { shape, data } = weights.get('conv1/norm/gamma') ?? { shape: [], data: new Float32Array() };
      const channels = shape[1] ?? 0;
      return [0, 1, 2].map((row) => data.slice(row * channels, (row + 1) * channels));
    };
    const [dots, waves, identity] = rows(first);
    expect(rows(second).map((row) => [...row])).toEqual([waves, dots, identity].map(close));
    expect(dots).not.toEqual(waves);
  });

  it('refuses a damaged checkpoint', async () => {
    const data = await makeTrainingData();
    await trainStyle(tf, data);
    await writeFile(join(data.folder, 'checkpoint.safetensors'), 'rubbish');
    const error: unknown = await trainStyle(tf, { ...data, resume: true }).catch((reason: unknown) => reason);
    expect(isVidstyleError(error) && error.message).toContain('is no checkpoint that can be resumed');
  });
});

function expectSameWeights(actual: Weights, expected: Weights): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected) expect(actual.get(name)?.data).toEqual(data);
}
