import { describe, expect, it } from '@jest/globals';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { StyleObjective } from '../../src/losses/objective.js';
import { Vgg16 } from '../../src/losses/vgg16.js';
import type { Tensor, Tensor4D } from '../../src/nets/tfjs.js';
import { Adam } from '../../src/training/adam.js';
import { optimisePicture } from '../../src/training/gatys.js';
import { lbfgs } from '../../src/training/lbfgs.js';
import { rateAt } from '../../src/training/schedule.js';
import { temporalLoss, withMotion } from '../../src/training/temporal.js';
import { narrowVgg } from '../fixtures/narrow-vgg.js';

const tf = loadTensorFlow();

describe('Adam', () => {
  it('moves as worked out by hand for two steps', () => {
    const adam = new Adam(tf);
    const parameters = new Map<string, Tensor>([['x', tf.tensor1d([1])]]);
    adam.update(parameters, new Map([['x', tf.tensor1d([2])]]), 1, () => 0.1);
    expect(parameters.get('x')?.dataSync()[0]).toBeCloseTo(0.9, 6); // the first step is the rate times the sign
    adam.update(parameters, new Map([['x', tf.tensor1d([-1])]]), 2, () => 0.1);
    // m̂ = (0.9·0.2 − 0.1) / 0.19 = 0.42105; v̂ = (0.999·0.004 + 0.001) / 0.001999 = 2.49925; move = 0.1·m̂/√v̂
    expect(parameters.get('x')?.dataSync()[0]).toBeCloseTo(0.9 - (0.1 * 0.421053) / Math.sqrt(2.49925), 5);
  });
});

describe('lbfgs', () => {
  /** Rosenbrock's valley, minimum 0 at (1, 1). */
  const rosenbrock = (point: Float32Array) => {
    const [x = 0, y = 0] = point;
    return {
      value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
      gradient: Float32Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
    };
  };

  it('follows Rosenbrock’s valley to its end', async () => {
    const point = Float32Array.of(-1.2, 1);
    expect(await lbfgs(rosenbrock, point, { iterations: 60, memory: 10 })).toBeLessThan(1e-5);
    expect(point[0]).toBeCloseTo(1, 2);
  });

  it('stays within its bounds and never climbs', async () => {
    const point = Float32Array.of(-1.2, 1);
    const values: number[] = [];
    const onIteration = (_: number, value: number): void => void values.push(value);
    await lbfgs(rosenbrock, point, { iterations: 40, memory: 5, bounds: [-2, 0.5], onIteration });
    expect(Math.max(...point)).toBeLessThanOrEqual(0.5);
    expect(values).toEqual([...values].sort((a, b) => b - a));
  });
});

describe('optimisePicture', () => {
  const objective = new StyleObjective(tf, new Vgg16(tf, narrowVgg()));
  const photo = tf.randomUniform([1, 24, 24, 3], 0, 255, 'float32', 1) as Tensor4D;
  const style = objective.styleTarget(tf.randomUniform([1, 24, 24, 3], 0, 128, 'float32', 2));

  it.each(['lbfgs', 'adam'] as const)(
    'lowers the objective from noise with %s, pixels kept within 0..255',
    async (optimiser) => {
      const values: number[] = [];
      const { picture, objective: reached } = await optimisePicture(tf, objective, photo, style, {
        iterations: 15,
        optimiser,
        onIteration: (_, value) => void values.push(value),
      });
      expect(values.length).toBe(15);
      expect(reached).toBeLessThan((values[0] ?? 0) / 2);
      expect(picture.min().dataSync()[0]).toBeGreaterThanOrEqual(0);
      expect(picture.max().dataSync()[0]).toBeLessThanOrEqual(255);
    },
  );

  it('stops when told', async () => {
    const signal = AbortSignal.abort();
    await expect(optimisePicture(tf, objective, photo, style, { signal, iterations: 3 })).rejects.toThrow();
  });
});

describe('rateAt', () => {
  const schedule = { steps: 300, rate: 1, warmup: 10, decay: 'late' } as const;
  it('warms up, stays, and falls over the last third', () => {
    expect([0, 9, 100, 250, 300].map((step) => Number(rateAt(step, schedule).toFixed(3)))).toEqual([0.1, 1, 1, 0.5, 0.01]); // prettier-ignore
  });
});

describe('the temporal term', () => {
  const photos = tf.randomUniform([1, 12, 12, 3], 0, 255, 'float32', 3) as Tensor4D;
  const motion = { dx: 3, dy: -2, noise: 0, seed: 1 };

  it('is zero for a network that moves with its input', () => {
    const double = (x: Tensor4D): Tensor4D => x.mul(2);
    const moved = double(withMotion(tf, photos, motion));
    expect(temporalLoss(tf, double(photos), moved, motion).dataSync()[0]).toBe(0);
  });

  it('is not for one that paints by position', () => {
    const ramp = tf.range(0, 12).reshape([1, 1, 12, 1]);
    const still = photos.add(ramp) as Tensor4D;
    const moved = withMotion(tf, photos, motion).add(ramp.slice([0, 0, 0, 0], [1, 1, 9, 1])) as Tensor4D;
    expect(temporalLoss(tf, still, moved, motion).dataSync()[0]).toBeCloseTo(9, 3); // a shift of 3, squared
  });
});
