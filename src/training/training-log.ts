import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingTf } from '../engines/tfjs.js';
import type { Weights } from '../nets/weights.js';
import { Curves } from './curves.js';
import type { LoopObserver, StepReport } from './loop.js';

export interface TrainingLogOptions {
  /** Folder of the training: `losses.csv`, `curves.png`, `tensorboard/`, `samples/`. */
  readonly folder: string;
  /** Step that the training goes on from. */
  readonly from: number;
  /** Steps between samples; 0: none are drawn. */
  readonly sampleEvery: number;
  /** Draws what the network makes of a sample photo, as a PNG. */
  readonly sample: (weights: Weights) => Promise<Buffer>;
}

/** Steps over which losses are averaged before they are written: single steps of a batch of one only swing. */
const window = 10;

/**
 * Keeps a training's diary: loss curves as CSV and PNG, TensorBoard summaries and sample pictures.
 * Give what it returns to the training loop.
 */
export async function openTrainingLog(tf: TrainingTf, options: TrainingLogOptions): Promise<LoopObserver> {
  const { folder, from, sampleEvery, sample } = options;
  await mkdir(join(folder, 'samples'), { recursive: true });
  const curves = await Curves.open(join(folder, 'losses.csv'), from);
  const board = tf.node?.summaryFileWriter(join(folder, 'tensorboard')); // XLA has no writer of summaries
  let gathered: StepReport[] = [];
  let sampled = from;
  return {
    async onStep(report) {
      gathered.push(report);
      if (report.step % window !== 0) return;
      const means = meanLosses(gathered);
      gathered = [];
      await curves.add(report.step, means);
      for (const [name, value] of Object.entries(means)) board?.scalar(`loss/${name}`, value, report.step);
      board?.scalar('rate', report.rate, report.step);
    },
    async onCheckpoint(step, weights) {
      board?.flush();
      await writeFile(join(folder, 'curves.png'), await curves.draw());
      if (sampleEvery === 0) return;
      if (step - sampled < sampleEvery && sampled !== from) return;
      sampled = step;
      const name = `step-${String(step).padStart(6, '0')}.png`;
      await writeFile(join(folder, 'samples', name), await sample(await weights()));
    },
  };
}

function meanLosses(reports: readonly StepReport[]): Record<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { losses } of reports) {
    for (const [name, value] of Object.entries(losses)) {
      const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
      sums.set(name, { sum: sum + value, count: count + 1 });
    }
  }
  return Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
}
