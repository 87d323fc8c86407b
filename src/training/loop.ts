import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortedError } from '../errors.js';
import type { Tf } from '../nets/tfjs.js';
import type { Weights } from '../nets/weights.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { Optimisation } from './optimisation.js';
import type { TrainingTask } from './task.js';
import { Trainer } from './trainer.js';

export interface LoopOptions extends Omit<Optimisation, 'batch'> {
  readonly seed: number;
  /**
   * Seconds that the training may take from its first step on: it ends then, whatever its steps, and its rate falls by the
   * clock. Resumed, it has as long again.
   */
  readonly seconds?: number | undefined;
  /** Folder of `checkpoint.safetensors`. */
  readonly folder: string;
  readonly checkpointEvery: number;
  /** Goes on from the folder's checkpoint. */
  readonly resume: boolean;
  /** What to start from instead of fresh weights. */
  readonly initial?: Weights | undefined;
  /** Names of the parameters to train; all by default. */
  readonly trainable?: ((name: string) => boolean) | undefined;
  /** Kept in the checkpoint: how this training was asked for. */
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
}

export interface StepReport {
  /** Steps done. */
  readonly step: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly rate: number;
  readonly seconds: number;
  /** Seconds left of a training that was given so many. */
  readonly left?: number | undefined;
}

export interface LoopObserver {
  onStep?(report: StepReport): void | Promise<void>;
  onCheckpoint?(step: number, weights: () => Promise<Weights>): void | Promise<void>;
  /** A step blew up; the training goes on from `step` with the rate multiplied by `rateFactor`. */
  onRecovery?(step: number, rateFactor: number): void;
}

export interface TrainingResult {
  readonly steps: number;
  readonly weights: Weights;
  /** Running means of the losses at the end. */
  readonly losses: Readonly<Record<string, number>>;
}

/**
 * Trains a task's network. Interrupted by `signal`, it saves a checkpoint and rejects with `aborted`; resumed from there, it
 * ends with the weights that it would have had uninterrupted.
 *
 * @throws VidstyleError `aborted`; `training` if the loss keeps blowing up or a checkpoint cannot be read or written
 */
export async function train<Batch>(
  tf: Tf,
  task: TrainingTask<Batch>,
  options: LoopOptions,
  observer: LoopObserver = {},
): Promise<TrainingResult> {
  const path = join(options.folder, 'checkpoint.safetensors');
  const trainer = new Trainer(tf, task, options);
  try {
    if (options.resume) trainer.restore(await readCheckpoint(path));
    let lastGood = await trainer.checkpoint();
    const save = async (): Promise<void> => {
      lastGood = await trainer.checkpoint();
      await writeCheckpoint(path, lastGood);
      await observer.onCheckpoint?.(trainer.step, () => trainer.weights());
    };
    trainer.start();
    while (trainer.step < options.steps && trainer.left !== 0) {
      await nextTurn(); // steps compute synchronously: without this no signal handler would ever run
      if (options.signal?.aborted) {
        await save();
        throw abortedError(options.signal);
      }
      const start = performance.now();
      const losses = await trainer.advance();
      if (!losses) {
        trainer.restore(lastGood);
        trainer.slowDown();
        lastGood = await trainer.checkpoint();
        observer.onRecovery?.(trainer.step, trainer.rateFactor);
        continue;
      }
      const seconds = (performance.now() - start) / 1000;
      const { step, rate, left } = trainer;
      await observer.onStep?.({ step, losses, rate, seconds, left });
      if (trainer.step % options.checkpointEvery === 0) await save();
    }
    await save();
    return { steps: trainer.step, weights: await trainer.weights(), losses: trainer.runningLosses() };
  } finally {
    await trainer.dispose();
  }
}
