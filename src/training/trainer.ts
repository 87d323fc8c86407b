import { performance } from 'node:perf_hooks';
import type { Scalar } from '@tensorflow/tfjs-core';
import { VidstyleError } from '../errors.js';
import { parametersOf } from '../nets/layers.js';
import { toTensors, type Tensor, type Tf } from '../nets/tfjs.js';
import { checkWeights, initialWeights, type WeightArray, type Weights } from '../nets/weights.js';
import { Adam, globalNorm } from './adam.js';
import { withPrefix, type Checkpoint } from './checkpoint.js';
import type { LoopOptions } from './loop.js';
import { rateAt } from './schedule.js';
import type { TrainingTask } from './task.js';

/** A loss this many times its running mean is a blow-up, not noise. */
const blowUp = 30;
const slowestRateFactor = 1 / 1024;
const batchesAhead = 3;

/** Weights in training: a step, their moving average, and all that a checkpoint holds of them. */
export class Trainer<Batch> {
  step = 0;
  rateFactor = 1;
  private parameters: Map<string, Tensor>;
  private averages: Map<string, Tensor>;
  private readonly adam: Adam;
  private readonly trained: readonly string[];
  private readonly styleParameters: ReadonlySet<string>;
  private readonly running = new Map<string, number>();
  /** Batches being made, by position. */
  private readonly ahead = new Map<number, Promise<Batch>>();
  private startedMs = 0;

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
    const { seconds } = this.options;
    const progress = seconds === undefined ? undefined : 1 - (this.left ?? 0) / seconds;
    return rateAt(this.step, this.options, progress) * this.rateFactor;
  }

  /** Seconds left where the training was given so many. */
  get left(): number | undefined {
    const { seconds } = this.options;
    if (seconds === undefined) return undefined;
    return Math.max(0, seconds - (performance.now() - this.startedMs) / 1000);
  }

  /** The clock of a training in seconds begins to run. */
  start(): void {
    this.startedMs = performance.now();
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
        this.task.ready?.(batch);
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
      settle(tf);
      this.note(losses);
    }
    for (const sum of sums.values()) sum.dispose();
    return sound ? losses : undefined;
  }

  /** @throws VidstyleError `training` when it was slowed down too often */
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
    for (const position of [...this.ahead.keys()]) await this.discard(position);
    disposeAll(this.parameters);
    disposeAll(this.averages);
    this.adam.dispose();
  }

  /** The batch of a position, and the next ones begun: photos are decoded while TensorFlow computes. */
  private async take(position: number): Promise<Batch> {
    const last = position + batchesAhead;
    for (const other of [...this.ahead.keys()]) {
      if (other < position || other > last) await this.discard(other);
    }
    for (let next = position; next <= last; next++) {
      if (this.ahead.has(next)) continue;
      const batch = this.task.prepare(next);
      batch.catch(() => undefined); // seen when it is taken
      this.ahead.set(next, batch);
    }
    const batch = this.ahead.get(position) as Promise<Batch>;
    this.ahead.delete(position);
    return batch;
  }

  /** Frees a batch that nobody will take. */
  private async discard(position: number): Promise<void> {
    const made = await this.ahead.get(position)?.catch(() => undefined);
    this.ahead.delete(position);
    if (made) this.task.release(made);
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

/** A backend that computes lazily makes the update a program of its own: the losses' program is then always the same. */
function settle(tf: Tf): void {
  (tf.backend() as { settle?: () => void }).settle?.();
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
