import { performance } from 'node:perf_hooks';
import { Presets, SingleBar } from 'cli-progress';
import { formatSeconds } from './format.js';
import type { StepReport } from '../training/loop.js';

/** Shows a training's steps: a bar with pace, time left and losses on a terminal, else a line every so often. */
export class StepDisplay {
  private readonly bar: SingleBar | undefined;
  private readonly means = new Map<string, number>();
  private secondsPerStep = 0;
  private lastLine = 0;
  private readonly startedMs = performance.now();

  constructor(
    private readonly steps: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {
    if (!stream.isTTY) return;
    const format = '{bar} {done} | {pace} | {left} left | {losses}';
    this.bar = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
    this.bar.start(steps, 0, { done: '', pace: '', left: '', losses: '' });
  }

  update({ step, losses, seconds, left }: StepReport): void {
    this.secondsPerStep = this.secondsPerStep === 0 ? seconds : this.secondsPerStep * 0.95 + seconds * 0.05;
    for (const [name, value] of Object.entries(losses)) {
      const mean = this.means.get(name);
      this.means.set(name, mean === undefined ? value : mean * 0.95 + value * 0.05);
    }
    const place = left === undefined ? `${step}/${this.steps}` : String(step);
    const shown = {
      done: left === undefined ? place : `${place} steps`,
      pace: `${(1 / this.secondsPerStep).toFixed(2)} steps/s`,
      left: formatSeconds(left ?? (this.steps - step) * this.secondsPerStep),
      losses: [...this.means].map(([name, value]) => `${name} ${value.toPrecision(3)}`).join(', '),
    };
    if (this.bar) this.updateBar(this.bar, step, left, shown);
    else if (Date.now() - this.lastLine > lineEveryMs || step === this.steps) {
      this.lastLine = Date.now();
      this.stream.write(`step ${place}, ${shown.pace}, ${shown.left} left: ${shown.losses}\n`);
    }
  }

  /** A training that is given time fills the bar by the clock. */
  private updateBar(bar: SingleBar, step: number, left: number | undefined, shown: object): void {
    const elapsed = (performance.now() - this.startedMs) / 1000;
    if (left !== undefined) bar.setTotal(elapsed + left);
    bar.update(left === undefined ? step : elapsed, shown);
  }

  /** A sentence between the bars. */
  say(sentence: string): void {
    this.stream.write(`${this.bar ? '\n' : ''}${sentence}\n`);
  }

  close(): void {
    this.bar?.stop();
  }
}

const lineEveryMs = 5000;
