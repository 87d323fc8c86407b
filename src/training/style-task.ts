import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import { featureReconstruction } from '../losses/losses.js';
import type { StyleObjective } from '../losses/objective.js';
import { disposeTarget, type Losses, type StyleTarget } from '../losses/objective.js';
import { buildNetwork } from '../nets/families.js';
import type { Network } from '../nets/layers.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { forward, type ForwardOptions, type Tensor, type Tensor4D, type Tf } from '../nets/tfjs.js';
import type { PhotoSet } from './photos.js';
import { randomSquare, type Pixels } from './photos.js';
import { randomAt } from './random.js';
import type { TrainingTask } from './task.js';
import { temporalLoss, withMotion, type Motion } from './temporal.js';

export interface StyleTaskOptions {
  readonly spec: NetworkSpec;
  /** Side of the square training pictures. */
  readonly size: number;
  readonly batch: number;
  readonly seed: number;
  /** Each photo has one crop, whose content features are kept in memory, up to this many. 0: always new crops. */
  readonly keepContent: number;
  /** λ of the pixel loss of the identity style. */
  readonly identityPixels: number;
  /** λ of the temporal term; 0 leaves it out. */
  readonly temporal: number;
  /** Rows of a conditional network that are trained, in turn; all by default. */
  readonly rows?: readonly number[] | undefined;
}

export interface StyleBatch {
  readonly photos: Tensor4D;
  /** The content target; computed when the batch's turn comes. */
  content?: Tensor4D;
  /** The photo whose content target outlives the batch. */
  readonly keepAs?: number | undefined;
  readonly row: number;
  readonly motion: Motion | undefined;
}

/** Style transfer: photographs in, one style a step in turn, the paper's objective. */
export class StyleTask implements TrainingTask<StyleBatch> {
  readonly network: Network;
  readonly spec: NetworkSpec;
  private readonly run: ReturnType<typeof forward>;
  private readonly kept = new Map<number, { readonly photos: Tensor4D; readonly content: Tensor4D }>();
  private readonly rows: readonly number[];

  /** `targets`: by row of the network's styles; undefined for the identity. */
  constructor(
    private readonly tf: Tf,
    private readonly objective: StyleObjective,
    private readonly photoSet: PhotoSet,
    private readonly targets: readonly (StyleTarget | undefined)[],
    private readonly options: StyleTaskOptions,
  ) {
    this.spec = options.spec;
    this.network = buildNetwork(options.spec);
    this.run = forward(tf, this.network);
    this.rows = options.rows ?? turns(targets);
  }

  async prepare(position: number): Promise<StyleBatch> {
    const { batch, seed, temporal } = this.options;
    const row = this.rows[position % this.rows.length] ?? 0;
    const motion = temporal > 0 ? randomMotion(randomAt(seed, 'motion', position)) : undefined;
    const first = this.photoSet.indexAt(position * batch);
    const keepAs = this.options.keepContent > 0 && batch === 1 ? first : undefined;
    const kept = keepAs === undefined ? undefined : this.kept.get(keepAs);
    if (kept) return { ...kept, keepAs, row, motion };
    const squares = await Promise.all(
      Array.from({ length: batch }, (_, i) =>
        this.square(this.photoSet.indexAt(position * batch + i), position * batch + i),
      ),
    );
    const hasRoom = this.kept.size < this.options.keepContent;
    return { photos: stack(this.tf, squares), row, motion, keepAs: hasRoom ? keepAs : undefined };
  }

  ready(batch: StyleBatch): void {
    if (batch.content || !this.targets[batch.row]) return; // the identity compares pixels
    batch.content = this.objective.contentTarget(batch.photos);
    const { photos, content, keepAs } = batch;
    if (keepAs !== undefined && !this.kept.has(keepAs)) this.kept.set(keepAs, { photos, content });
  }

  losses(
    parameters: ReadonlyMap<string, Tensor>,
    { photos, content, row, motion }: StyleBatch,
    onMoments: ForwardOptions['onMoments'],
  ): Losses {
    const options = { style: this.oneHot(row), onMoments };
    const result = this.run(parameters, photos, options);
    const target = this.targets[row];
    const losses = target
      ? this.objective.losses(result, content ?? notReady(), target)
      : this.identity(result, photos);
    if (!motion) return losses;
    const moved = this.run(parameters, withMotion(this.tf, photos, motion), options);
    const temporal = temporalLoss(this.tf, result, moved, motion).mul(this.options.temporal) as Scalar;
    return { total: losses.total.add(temporal), parts: { ...losses.parts, temporal } };
  }

  release({ photos, content, keepAs }: StyleBatch): void {
    if (keepAs !== undefined && this.kept.get(keepAs)?.photos === photos) return;
    photos.dispose();
    content?.dispose();
  }

  dispose(): void {
    for (const { photos, content } of this.kept.values()) {
      photos.dispose();
      content.dispose();
    }
    this.kept.clear();
    for (const target of this.targets) if (target) disposeTarget(target);
  }

  /** The identity needs no features: what is to be the same is the same pixel by pixel. */
  private identity(result: Tensor4D, photos: Tensor4D): Losses {
    const identity = featureReconstruction(result, photos).mul(this.options.identityPixels) as Scalar;
    return { total: identity, parts: { identity } };
  }

  private oneHot(row: number): Tensor1D | undefined {
    const { length } = this.network.styles;
    if (length === 0) return undefined;
    return this.tf
      .oneHot(this.tf.tensor1d([row], 'int32'), length)
      .toFloat()
      .flatten() as Tensor1D;
  }

  private square(index: number, position: number): Promise<Pixels> {
    const { size, seed, keepContent } = this.options;
    const fixed = keepContent > 0;
    return this.photoSet.read(index, (file) =>
      randomSquare(file, size, randomAt(seed, 'crop', fixed ? index : position)),
    );
  }
}

function notReady(): never {
  throw new Error('a style’s losses need the content target that `ready` computes');
}

/** Every row in turn; the identity, which is learned soon, in an eighth of the steps at most. */
function turns(targets: readonly (StyleTarget | undefined)[]): number[] {
  const rows = targets.map((_, i) => i);
  const styles = rows.filter((i) => targets[i]);
  const identities = rows.filter((i) => !targets[i]);
  if (identities.length === 0 || styles.length === 0) return rows;
  const rounds = Math.ceil((7 * identities.length) / styles.length);
  return [...Array.from({ length: rounds }, () => styles).flat(), ...identities];
}

/** Packs decoded squares as `[b, h, w, 3]` float32. */
export function stack(tf: Tf, squares: readonly Pixels[]): Tensor4D {
  const [{ width, height } = { width: 0, height: 0 }] = squares;
  const data = new Float32Array(squares.length * width * height * 3);
  squares.forEach((square, i) => {
    data.set(square.data, i * width * height * 3);
  });
  return tf.tensor4d(data, [squares.length, height, width, 3]);
}

function randomMotion(random: () => number): Motion {
  const step = (): number => Math.floor(random() * 17) - 8;
  return { dx: step(), dy: step(), noise: random() * 8, seed: Math.floor(random() * 2 ** 31) };
}
