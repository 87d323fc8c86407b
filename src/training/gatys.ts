import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Scalar } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D, Tf } from '../nets/tfjs.js';
import { mulberry32 } from '../nets/weights.js';
import type { StyleObjective, StyleTarget } from '../losses/objective.js';
import { Adam } from './adam.js';
import { lbfgs, type Evaluation } from './lbfgs.js';

export interface GatysOptions {
  readonly iterations: number;
  /** `lbfgs`: as in the paper. `adam`: rate 10 of 255. */
  readonly optimiser: 'lbfgs' | 'adam';
  /** Where the picture starts: `noise` as in the paper, or the photograph itself. */
  readonly start: 'noise' | 'photo';
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** The objective after each iteration, counted from 1. */
  readonly onIteration?: (iteration: number, objective: number) => void;
}

export const gatysDefaults: GatysOptions = Object.freeze({
  iterations: 500,
  optimiser: 'lbfgs',
  start: 'noise',
  seed: 1,
});

/**
 * Gatys et al. 2015 as the paper runs it for comparison: the picture itself is optimised against the objective that the networks
 * are trained on, its pixels kept within 0..255.
 *
 * @param photo `[1, h, w, 3]` RGB 0..255
 * @returns the picture, same shape, and its objective
 */
export async function optimisePicture(
  tf: Tf,
  objective: StyleObjective,
  photo: Tensor4D,
  style: StyleTarget,
  options: Partial<GatysOptions> = {},
): Promise<{ picture: Tensor4D; objective: number }> {
  const all = { ...gatysDefaults, ...options };
  const content = objective.contentTarget(photo);
  const gradient = tf.valueAndGrad((x) => objective.losses(x as Tensor4D, content, style).total);
  const start = all.start === 'photo' ? await photo.data<'float32'>() : noise(photo.size, all.seed);
  const report = async (iteration: number, value: number): Promise<void> => {
    all.onIteration?.(iteration, value);
    await nextTurn(); // nothing else waits for the event loop, and without it no Ctrl-C is heard
    all.signal?.throwIfAborted();
  };
  try {
    const run = all.optimiser === 'lbfgs' ? withLbfgs : withAdam;
    return await run(tf, gradient, start.slice(), photo.shape, all.iterations, report);
  } finally {
    content.dispose();
  }
}

type ValueAndGradient = (x: Tensor4D) => { value: Scalar; grad: Tensor };
type Optimised = Promise<{ picture: Tensor4D; objective: number }>;
type Report = (iteration: number, value: number) => Promise<void>;

async function withLbfgs(
  tf: Tf,
  gradient: ValueAndGradient,
  point: Float32Array,
  shape: Tensor4D['shape'],
  iterations: number,
  onIteration: Report,
): Optimised {
  const evaluate = (at: Float32Array): Evaluation =>
    tf.tidy(() => {
      const { value, grad } = gradient(tf.tensor4d(at, shape));
      return { value: value.dataSync()[0] ?? NaN, gradient: grad.dataSync<'float32'>() } as never;
    });
  const objective = await lbfgs(evaluate, point, { iterations, memory: 10, bounds: [0, 255], onIteration });
  return { picture: tf.tensor4d(point, shape), objective };
}

async function withAdam(
  tf: Tf,
  gradient: ValueAndGradient,
  start: Float32Array,
  shape: Tensor4D['shape'],
  iterations: number,
  onIteration: Report,
): Optimised {
  const adam = new Adam(tf);
  const parameters = new Map<string, Tensor>([['picture', tf.tensor4d(start, shape)]]);
  const current = (): Tensor4D => parameters.get('picture') as Tensor4D;
  let objective = NaN;
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const { value, grad } = gradient(current());
      adam.update(parameters, new Map([['picture', grad]]), iteration, () => 10);
      const moved = parameters.get('picture');
      if (moved)
        parameters.set(
          'picture',
          tf.tidy(() => moved.clipByValue(0, 255)),
        );
      moved?.dispose();
      objective = (await value.data())[0] ?? NaN;
      value.dispose();
      grad.dispose();
      await onIteration(iteration, objective);
    }
  } finally {
    adam.dispose();
  }
  return { picture: current(), objective };
}

/** White noise over the whole range, as the paper starts. */
function noise(size: number, seed: number): Float32Array {
  const random = mulberry32(seed);
  return Float32Array.from({ length: size }, () => random() * 255);
}
