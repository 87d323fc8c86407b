import { Presets, SingleBar } from 'cli-progress';
import { formatSeconds } from './format.js';
import type { StepReport } from '../training/loop.js';

/** Shows a training's steps: a bar with pace, time left and losses on a terminal, else a line every so often. */
export class StepDisplay {
  private readonly bar: SingleBar | undefined;
  private readonly means = new Map<string, number>();
  private secondsPerStep = 0;
  private lastLine = 0;

  constructor(
    private readonly steps: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {
    if (!stream.isTTY) return;
    const format = '{bar} {value}/{total} | {pace} | {left} left | {losses}';
    this.bar = new SingleBar({ format, stream, hideCursor: true }, Presets.shades_classic);
    this.bar.start(steps, 0, { pace: '', left: '', losses: '' });
  }

  update({ step, losses, seconds }: StepReport): void {
    this.secondsPerStep = this.secondsPerStep === 0 ? seconds : this.secondsPerStep * 0.95 + seconds * 0.05;
    for (const [name, value] of Object.entries(losses)) {
      const mean = this.means.get(name);
      this.means.set(name, mean === undefined ? value : mean * 0.95 + value * 0.05);
    }
    const shown = {
      pace: `${(1 / this.secondsPerStep).toFixed(2)} steps/s`,
      left: formatSeconds((this.steps - step) * this.secondsPerStep),
      losses: [...this.means].map(([name, value]) => `${name} ${value.toPrecision(3)}`).join(', '),
    };
    if (this.bar) this.bar.update(step, shown);
    else if (Date.now() - this.lastLine > lineEveryMs || step === this.steps) {
      this.lastLine = Date.now();
      this.stream.write(`step ${step}/${this.steps}, ${shown.pace}, ${shown.left} left: ${shown.losses}\n`);
    }
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
