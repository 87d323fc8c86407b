import type { StepReport } from '../training/loop.js';
import { StepDisplay } from './step-display.js';

interface TrainingReport {
  readonly output: string;
  readonly steps: number;
  readonly skipped: ReadonlyMap<string, string>;
}

/** Shows a training's steps while it runs, and how it ended. */
export async function runTraining(
  steps: number,
  folder: string,
  signal: AbortSignal,
  start: (observer: {
    readonly onStep: (report: StepReport) => void;
    readonly onRecovery: (step: number, rateFactor: number) => void;
  }) => Promise<TrainingReport>,
): Promise<void> {
  const display = new StepDisplay(steps);
  try {
    const report = await start({
      onStep: (step) => {
        display.update(step);
      },
      onRecovery: (step, factor) => {
        display.say(`The loss blew up: back to step ${step}, learning rate × ${factor}.`);
      },
    });
    display.close();
    for (const [file, why] of report.skipped) console.error(`Skipped ${file}: ${why}.`);
    console.error(`Wrote ${report.output} after ${report.steps} steps. Samples and curves: ${folder}`);
  } catch (error) {
    display.close();
    if (signal.aborted) console.error(`Saved a checkpoint; go on with --resume --folder ${folder}`);
    throw error;
  }
}
