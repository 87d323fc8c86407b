import type { Scalar } from '@tensorflow/tfjs-core';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortedError, VidstyleError } from '../errors.js';
import { parametersOf } from '../nets/layers.js';
import { toTensors, type Tensor, type Tf } from '../nets/tfjs.js';
import { checkWeights, initialWeights, type WeightArray, type Weights } from '../nets/weights.js';
import { Adam, globalNorm } from './adam.js';
import { readCheckpoint, withPrefix, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { rateAt, type Schedule } from './schedule.js';
import type { TrainingTask } from './task.js';

export interface LoopOptions extends Schedule {
  readonly seed: number;
  /** Micro-batches whose gradients are averaged into one step. */
  readonly accumulate: number;
  /** How many times faster the styles' own parameters (γ, β of conditional normalisation) learn. */
  readonly styleRate: number;
  /** Gradients longer than this are shortened to it; 0: never. */
  readonly clipNorm: number;
  /** Decay of the moving average of the weights that is exported; 0: the last weights themselves. */
  readonly averaging: number;
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
    while (trainer.step < options.steps) {
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
      await observer.onStep?.({ step: trainer.step, losses, rate: trainer.rate, seconds });
      if (trainer.step % options.checkpointEvery === 0) await save();
    }
    await save();
    return { steps: trainer.step, weights: await trainer.weights(), losses: trainer.runningLosses() };
  } finally {
    await trainer.dispose();
  }
}

/** A loss this many times its running mean is a blow-up, not noise. */
const blowUp = 30;
const slowestRateFactor = 1 / 1024;

class Trainer<Batch> {
  step = 0;
  rateFactor = 1;
  private parameters: Map<string, Tensor>;
  private averages: Map<string, Tensor>;
  private readonly adam: Adam;
  private readonly trained: readonly string[];
  private readonly styleParameters: ReadonlySet<string>;
  private readonly running = new Map<string, number>();
  private ahead: { readonly position: number; readonly batch: Promise<Batch> } | undefined;

  constructor(
    private readonly tf: Tf,
    private readonly task: TrainingTask<Batch>,
    private readonly options: LoopOptions,
  ) {
    const weights = options.initial ?? initialWeights(task.network, options.seed);
    checkWeights(task.network, weights);
    this.parameters = toTensors(tf, weights);
    this.averages = toTensors(tf, weights);
    this.adam = new Adam(tf);
    const all = parametersOf(task.network);
    this.trained = all
      .filter(({ name, group }) => group !== 'statistics' && (options.trainable?.(name) ?? true))
      .map(({ name }) => name);
    this.styleParameters = new Set(all.filter(({ group }) => group === 'style').map(({ name }) => name));
  }

  get rate(): number {
    return rateAt(this.step, this.options) * this.rateFactor;
  }

  /** One step; undefined if it blew up and nothing of it may be kept. */
  async advance(): Promise<Record<string, number> | undefined> {
    const { tf, options } = this;
    const sums = new Map<string, Tensor>();
    const losses: Record<string, number> = {};
    let sound = true;
    for (let part = 0; part < options.accumulate && sound; part++) {
      const position = this.step * options.accumulate + part;
      const batch = await this.take(position);
      try {
        const values = this.backward(batch, sums);
        for (const [name, value] of Object.entries(values)) {
          losses[name] = (losses[name] ?? 0) + value / options.accumulate;
        }
      } finally {
        this.task.release(batch);
      }
      sound = this.isSound(losses);
    }
    if (sound) {
      const scale = this.gradientScale(sums);
      const gradients = new Map([...sums].map(([name, sum]) => [name, tf.tidy(() => sum.mul(scale))]));
      const rate = this.rate;
      this.adam.update(this.parameters, gradients, this.step + 1, (name) =>
        this.styleParameters.has(name) ? rate * options.styleRate : rate,
      );
      for (const gradient of gradients.values()) gradient.dispose();
      this.step++;
      this.updateAverages();
      this.note(losses);
    }
    for (const sum of sums.values()) sum.dispose();
    return sound ? losses : undefined;
  }

  slowDown(): void {
    this.rateFactor /= 2;
    if (this.rateFactor < slowestRateFactor) {
      throw new VidstyleError(
        'training',
        'The loss keeps blowing up, even at a thousandth of the learning rate.',
      );
    }
  }

  /** The weights to export: the moving average once it has seen enough, else the parameters. */
  async weights(): Promise<Weights> {
    return download(this.options.averaging > 0 ? this.averages : this.parameters);
  }

  runningLosses(): Record<string, number> {
    return Object.fromEntries(this.running);
  }

  async checkpoint(): Promise<Checkpoint> {
    const arrays = new Map<string, WeightArray>();
    const add = (prefix: string, weights: Weights): void => {
      for (const [name, array] of weights) arrays.set(prefix + name, array);
    };
    add('w/', await download(this.parameters));
    add('e/', await download(this.averages));
    add('', await this.adam.state());
    const { step, rateFactor } = this;
    const { spec } = this.task;
    const head = { version: 1, step, rateFactor, network: spec, recipe: { ...this.options.recipe } } as const;
    return { head: { ...head, losses: this.runningLosses() }, arrays };
  }

  restore({ head, arrays }: Checkpoint): void {
    const replace = (old: Map<string, Tensor>, prefix: string): Map<string, Tensor> => {
      const weights = withPrefix(arrays, prefix);
      checkWeights(this.task.network, weights);
      disposeAll(old);
      return toTensors(this.tf, weights);
    };
    this.parameters = replace(this.parameters, 'w/');
    this.averages = replace(this.averages, 'e/');
    this.adam.restore(arrays);
    this.step = head.step;
    this.rateFactor = head.rateFactor;
    this.running.clear();
    for (const [name, value] of Object.entries(head.losses)) this.running.set(name, value);
  }

  async dispose(): Promise<void> {
    if (this.ahead) this.task.release(await this.ahead.batch);
    this.ahead = undefined;
    disposeAll(this.parameters);
    disposeAll(this.averages);
    this.adam.dispose();
  }

  /** The batch of a position, and the next one begun: photos are decoded while TensorFlow computes. */
  private async take(position: number): Promise<Batch> {
    const ahead = this.ahead;
    this.ahead = undefined;
    if (ahead && ahead.position !== position) this.task.release(await ahead.batch);
    const batch = ahead?.position === position ? await ahead.batch : await this.task.prepare(position);
    const next = this.task.prepare(position + 1);
    next.catch(() => undefined); // seen when it is taken
    this.ahead = { position: position + 1, batch: next };
    return batch;
  }

  /** Adds a batch's gradients to `sums` and gives its losses. */
  private backward(batch: Batch, sums: Map<string, Tensor>): Record<string, number> {
    const { tf, trained } = this;
    return tf.tidy(() => {
      const kept: { losses?: Readonly<Record<string, Scalar>> } = {};
      const moments = new Map<string, readonly [Tensor, Tensor]>();
      const onMoments = (name: string, mean: Tensor, variance: Tensor): void => {
        moments.set(name, [tf.keep(mean), tf.keep(variance)]);
      };
      const gradient = tf.valueAndGrads((...values: Tensor[]) => {
        const parameters = new Map(this.parameters);
        trained.forEach((name, i) => parameters.set(name, values[i] ?? tf.scalar(0)));
        const { total, parts } = this.task.losses(parameters, batch, onMoments);
        kept.losses = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, tf.keep(part)]));
        return total;
      });
      const { value, grads } = gradient(trained.map((name) => this.parameters.get(name) ?? tf.scalar(0)));
      grads.forEach((fresh, i) => {
        const name = trained[i] ?? '';
        const sum = sums.get(name);
        sums.set(name, tf.keep(sum ? sum.add(fresh) : fresh.clone()));
        sum?.dispose();
      });
      this.updateStatistics(moments);
      const result: Record<string, number> = { total: value.dataSync()[0] ?? NaN };
      for (const [name, part] of Object.entries(kept.losses ?? {})) {
        result[name] = part.dataSync()[0] ?? NaN;
        part.dispose();
      }
      return result as never;
    });
  }

  private gradientScale(sums: ReadonlyMap<string, Tensor>): number {
    const { accumulate, clipNorm } = this.options;
    if (clipNorm === 0) return 1 / accumulate;
    const norm = this.tf.tidy(() => globalNorm(this.tf, sums.values()).dataSync()[0] ?? 0) / accumulate;
    return Math.min(1, clipNorm / norm) / accumulate;
  }

  private isSound(losses: Readonly<Record<string, number>>): boolean {
    const total = losses['total'] ?? NaN;
    const usual = this.running.get('total');
    return Number.isFinite(total) && (usual === undefined || total < usual * blowUp);
  }

  private note(losses: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(losses)) {
      const old = this.running.get(name);
      this.running.set(name, old === undefined ? value : old * 0.98 + value * 0.02);
    }
  }

  private updateAverages(): void {
    const { averaging } = this.options;
    if (averaging === 0) return;
    const decay = Math.min(averaging, this.step / (this.step + 10)); // a young average forgets its start
    for (const [name, value] of this.parameters) this.blend(this.averages, name, value, decay);
  }

  /** Running moments of batch normalisation, for use after training. */
  private updateStatistics(moments: ReadonlyMap<string, readonly [Tensor, Tensor]>): void {
    for (const [name, [mean, variance]] of moments) {
      this.blend(this.parameters, `${name}/mean`, mean, 0.95);
      this.blend(this.parameters, `${name}/variance`, variance, 0.95);
      mean.dispose();
      variance.dispose();
    }
  }

  private blend(into: Map<string, Tensor>, name: string, value: Tensor, decay: number): void {
    const old = into.get(name);
    if (!old) return;
    into.set(
      name,
      this.tf.tidy(() => this.tf.keep(old.mul(decay).add(value.mul(1 - decay)))),
    );
    old.dispose();
  }
}

async function download(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, WeightArray>> {
  const weights = new Map<string, WeightArray>();
  for (const [name, tensor] of tensors) {
    weights.set(name, { shape: tensor.shape, data: await tensor.data<'float32'>() });
  }
  return weights;
}

function disposeAll(tensors: Map<string, Tensor>): void {
  for (const tensor of tensors.values()) tensor.dispose();
  tensors.clear();
}
