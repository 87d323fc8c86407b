import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { resizeBicubic } from '../../src/metrics/bicubic.js';
import { Vgg16 } from '../../src/losses/vgg16.js';
import { gaussianBlur } from '../../src/metrics/gaussian-blur.js';
import { toFloat } from '../../src/metrics/raster.js';
import { buildNetwork } from '../../src/nets/families.js';
import { forward, toTensors, type Tensor4D } from '../../src/nets/tfjs.js';
import type { Weights } from '../../src/nets/weights.js';
import { cropPair, drift, reduce, spoil } from '../../src/training/degrade.js';
import { PhotoSet } from '../../src/training/photos.js';
import { randomAt } from '../../src/training/random.js';
import { PatchSource, turned } from '../../src/training/sr-patches.js';
import { srLosses, srRecipes, type SrRecipe } from '../../src/training/sr-recipes.js';
import { SrTask } from '../../src/training/sr-task.js';
import { trainSr, type SrTrainingOptions } from '../../src/training/sr-trainer.js';
import { livelyWeights } from '../fixtures/lively-weights.js';
import { narrowVgg } from '../fixtures/narrow-vgg.js';
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

  it.each(['srvgg', 'ecbsr'])('takes the feature term at relu2_2, of %s', (family) => {
    const spec = { family, options: { scale: 2, width: 4, blocks: 1 } };
    const vgg = new Vgg16(tf, narrowVgg());
    const options = { batch: 2, objective: { absolute: 0, squared: 0, feature: 3 }, vgg };
    const task = new SrTask(tf, spec, undefined as never, options); // it is given its patches here
    const parameters = toTensors(tf, livelyWeights(task.network, 0.25));
    const depth = task.network.channels === 'rgb' ? 3 : 1;
    const random = (side: number, seed: number): Tensor4D =>
      tf.randomUniform([2, side, side, depth], 0, 255, 'float32', seed);
    const [low, high] = [random(8, 1), random(16, 2)];
    const { parts, total } = task.losses(parameters, { low, high }, undefined);
    const [seen = [], wanted = []] = [forward(tf, task.network)(parameters, low), high].map((picture) => {
      const rgb = depth === 3 ? picture : tf.concat([picture, picture, picture], 3);
      return [...vgg.features(rgb, ['relu2_2']).relu2_2.dataSync()];
    });
    const squares = seen.map((value, i) => (value - (wanted[i] ?? NaN)) ** 2);
    const expected = (3 * squares.reduce((sum, value) => sum + value, 0)) / squares.length;
    expect((parts['feature']?.dataSync()[0] ?? NaN) / expected).toBeCloseTo(1, 4);
    expect(total.dataSync()).toEqual(parts['feature']?.dataSync());
  });

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

it('the recipe `paper` has the paper’s numbers', () => {
  expect(srRecipes.paper).toMatchObject({
    network: {
      family: 'paper-sr',
      options: { width: 64, blocks: 4, norm: 'batch', upsampling: 'transposed' },
    },
    patch: 288,
    batch: 4,
    steps: 200_000,
    rate: 1e-3,
    decay: 'none',
    degradation: { blur: 1 },
    objective: { absolute: 0, squared: 0, feature: 1 },
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

  it('are blurred before they are reduced where the recipe says so', () => {
    const photo = { data: makePhotograph(40, 36), width: 40, height: 36 };
    const { high, low } = reduce(photo, 4, { blur: 1 });
    const expected = resizeBicubic(gaussianBlur(toFloat(high), 1), 1 / 4);
    low.data.forEach((value, i) => {
      expect(Math.abs(value - (expected.data[i] ?? NaN))).toBeLessThanOrEqual(1); // each step rounds to 8 bits
    });
    const sharper = reduce(photo, 4, { blur: 0 }).low;
    expect(Math.max(...low.data.map((value, i) => Math.abs(value - (sharper.data[i] ?? 0))))).toBeGreaterThan(5); // prettier-ignore
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
      const { data } = await spoil([patch, patch, patch], 1, randomAt(1, 'spoil', position));
      return data.reduce((sum, value, i) => sum + Math.abs(value - (patch.data[i] ?? 0)), 0) / data.length;
    };
    const damages = await Promise.all(Array.from({ length: 12 }, (_, i) => damage(i)));
    expect(Math.max(...damages)).toBeGreaterThan(1.2 * Math.min(...damages));
    expect(Math.min(...damages)).toBeGreaterThan(0);
    expect(await damage(3)).toBe(damages[3]);
  });

  it('are frames of a shot over the photograph, at its place in the shot', () => {
    const area = { left: 20, top: 4, size: 16 };
    const within = { width: 80, height: 60 };
    const starts = Array.from({ length: 30 }, (_, position) => {
      const shot = drift(area, within, { frames: 4, which: 2 }, randomAt(1, 'drift', position));
      expect(shot[2]).toEqual({ left: 20, top: 4, width: 16, height: 16 });
      for (const { left, top } of shot) {
        expect(left).toBeGreaterThanOrEqual(14);
        expect(left).toBeLessThanOrEqual(26);
        expect(top).toBeGreaterThanOrEqual(0); // it rests at the border
      }
      return (shot[3]?.left ?? NaN) - 20;
    });
    expect(Math.min(...starts)).toBe(-3);
    expect(Math.max(...starts)).toBe(3);
  });

  it('are softened by chance, up to what the recipe says, before they are spoilt otherwise', async () => {
    expect(srRecipes.video.degradation).toEqual({ blur: 0, spoilt: true, softness: 0.4 });
    const patch = { width: 32, height: 32, channels: 3, data: makePhotograph(32, 32) };
    const chances = [0.5, 0, 0.7]; // softness, noise, rate
    const always = (values: readonly number[]) => {
      const rest = [...values];
      return () => rest.shift() ?? 0;
    };
    const blurred = await spoil([gaussianBlur(patch, 1)], 0, always(chances));
    expect((await spoil([patch], 0, always(chances), 2)).data).toEqual(blurred.data);
    const without = await spoil([patch], 0, always(chances));
    expect(without.data).not.toEqual(blurred.data);
  });
});

const plain = (weights: Weights): unknown => [...weights].map(([name, { data }]) => [name, [...data]]);
