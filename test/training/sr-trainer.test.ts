import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { resizeBicubic } from '../../src/metrics/bicubic.js';
import { buildNetwork } from '../../src/nets/families.js';
import type { Weights } from '../../src/nets/weights.js';
import { cropPair, reduce, spoil } from '../../src/training/degrade.js';
import { PhotoSet } from '../../src/training/photos.js';
import { randomAt } from '../../src/training/random.js';
import { PatchSource, turned } from '../../src/training/sr-patches.js';
import { srLosses, srRecipes, type SrRecipe } from '../../src/training/sr-recipes.js';
import { trainSr, type SrTrainingOptions } from '../../src/training/sr-trainer.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { makeTrainingData } from '../fixtures/training-data.js';

const tf = loadTensorFlow();

/** A recipe that does a step in a few milliseconds. */
const tiny: SrRecipe = {
  ...srRecipes.fast,
  network: { family: 'ecbsr', options: { width: 4, blocks: 1 } },
  patch: 24,
  batch: 4,
  steps: 6,
  warmup: 0,
};

async function trainingData(recipe: SrRecipe = tiny): Promise<SrTrainingOptions & { readonly root: string }> {
  return { ...(await makeTrainingData()), recipe, scale: 2 };
}

describe('trainSr', () => {
  it('gives the same weights interrupted and resumed as in one go', async () => {
    const data = await trainingData();
    const whole = await trainSr(tf, { ...data, folder: join(data.root, 'whole') });
    const controller = new AbortController();
    const onStep = ({ step }: { readonly step: number }): void => {
      if (step === 3) controller.abort();
    };
    const interrupted = trainSr(tf, { ...data, signal: controller.signal }, { onStep });
    await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
    const resumed = await trainSr(tf, { ...data, resume: true });
    expect(resumed.steps).toBe(6);
    expect(plain(resumed.weights)).toEqual(plain(whole.weights));
  });

  it('hears an interruption from outside although its steps compute synchronously', async () => {
    const data = await trainingData({ ...tiny, steps: 1e6 });
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 200);
    await expect(trainSr(tf, { ...data, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  it('learns: the pixel loss of the last steps is below that of the first', async () => {
    const data = await trainingData({ ...tiny, steps: 80, rate: 3e-3 });
    const losses: number[] = [];
    await trainSr(tf, data, { onStep: ({ losses: { total = NaN } }) => void losses.push(total) });
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    expect(mean(losses.slice(-20))).toBeLessThan(0.9 * mean(losses.slice(0, 20)));
  });

  it.each(Object.keys(srLosses) as (keyof typeof srLosses)[])(
    'minimises what the %s loss says',
    async (name) => {
      const objective = srLosses[name];
      const data = await trainingData({ ...tiny, steps: 1, objective });
      const seen: string[] = [];
      await trainSr(tf, data, { onStep: ({ losses }) => void seen.push(...Object.keys(losses)) });
      const wanted = Object.entries(objective).filter(([, weight]) => weight > 0).map(([term]) => term); // prettier-ignore
      expect(seen.sort()).toEqual(['total', ...wanted].sort());
    },
  );

  it('takes over the layers that fit when it starts from another scale', async () => {
    const data = await trainingData({ ...tiny, steps: 1, rate: 1e-9 });
    const doubled = await trainSr(tf, data);
    const tripled = await trainSr(tf, {
      ...data,
      scale: 3,
      seed: 99,
      initial: { network: buildNetwork(doubled.network), weights: doubled.weights },
      folder: join(data.root, 'tripled'),
    });
    const [before, after] = [doubled, tripled].map(({ weights }) => weights.get('block1/conv/kernel')?.data);
    after?.forEach((value, i) => {
      expect(value).toBeCloseTo(before?.[i] ?? NaN, 6);
    });
    expect(tripled.weights.get('subpixels/kernel')?.shape).toEqual([3, 3, 4, 9]);
  });

  it('says that a feature loss needs VGG16', async () => {
    const data = await trainingData({ ...tiny, objective: srLosses.feature });
    await expect(trainSr(tf, { ...data, vgg16: undefined })).rejects.toMatchObject({ code: 'training' });
  });

  it('frees every tensor it made', async () => {
    const data = await trainingData({ ...tiny, steps: 2, objective: srLosses.perceptual });
    const before = tf.memory().numTensors;
    await trainSr(tf, data);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('patches', () => {
  it('are the photograph’s own pixels, the low-resolution side cut at the same place', () => {
    const photo = { data: makePhotograph(41, 37), width: 41, height: 37 };
    const pair = reduce(photo, 4, { blur: 0 });
    expect([pair.high.width, pair.high.height, pair.low.width, pair.low.height]).toEqual([40, 36, 10, 9]);
    const { high, low } = cropPair(pair, 4, { left: 2, top: 3, size: 6 });
    const reducedAgain = resizeBicubic(high, 1 / 4);
    const inner = (4 * 6 + 3) * 3; // a pixel far from the edges, where both saw the same neighbours
    expect(low.data[inner + 3]).toBe(reducedAgain.data[inner + 3]);
  });

  it('depend on their position alone', async () => {
    const data = await trainingData();
    const photos = await PhotoSet.open(data.photos, { minimumSize: 24, seed: 5 });
    const options = { scale: 2, side: 12, seed: 5, degradation: { blur: 0, spoilt: true } };
    const [one, two] = [new PatchSource(photos, options), new PatchSource(photos, options)];
    await one.at(3);
    const [a, b] = [await one.at(17), await two.at(17)];
    expect([...a.low.data]).toEqual([...b.low.data]);
    expect([...a.high.data]).toEqual([...b.high.data]);
  });

  it('come in all eight symmetries', () => {
    const square = { width: 4, height: 4, channels: 3, data: makePhotograph(4, 4) };
    const seen = new Set(Array.from({ length: 8 }, (_, turn) => turned(square, turn).data.join()));
    expect(seen.size).toBe(8);
    const sorted = (data: Uint8Array): number[] => [...data].sort((a, b) => a - b);
    expect(sorted(turned(square, 5).data)).toEqual(sorted(square.data));
  });

  it('are spoilt more and less, the same way for the same chance', async () => {
    const patch = { width: 32, height: 32, channels: 3, data: makePhotograph(32, 32) };
    const damage = async (position: number): Promise<number> => {
      const { data } = await spoil(patch, randomAt(1, 'spoil', position));
      return data.reduce((sum, value, i) => sum + Math.abs(value - (patch.data[i] ?? 0)), 0) / data.length;
    };
    const damages = await Promise.all(Array.from({ length: 12 }, (_, i) => damage(i)));
    expect(Math.max(...damages)).toBeGreaterThan(1.2 * Math.min(...damages));
    expect(Math.min(...damages)).toBeGreaterThan(0);
    expect(await damage(3)).toBe(damages[3]);
  });
});

const plain = (weights: Weights): unknown => [...weights].map(([name, { data }]) => [name, [...data]]);
