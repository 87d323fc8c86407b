import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../pipeline/progress.js';
import { formatSeconds } from './format.js';

/** Shows a job's progress: a bar on a terminal, else a line every so often; nothing when quiet. */
export class JobDisplay {
  private bar: SingleBar | undefined;
  private lastLineMs = -Infinity;

  constructor(
    private readonly quiet: boolean,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  update(progress: Progress): void {
    const { framesDone, framesTotal } = progress;
    if (this.quiet || framesTotal === 1) return;
    if (!this.stream.isTTY || framesTotal === undefined) {
      if (performance.now() - this.lastLineMs < lineEveryMs) return;
      this.lastLineMs = performance.now();
      this.write(line(progress));
      return;
    }
    this.bar ??= this.startBar(framesTotal);
    this.bar.setTotal(framesTotal);
    this.bar.update(framesDone, { status: status(progress) });
  }

  /** A sentence that the user should know. */
  say(sentence: string): void {
    if (!this.quiet) this.write(this.bar ? `\n${sentence}` : sentence);
  }

  close(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private startBar(total: number): SingleBar {
    const format = '{bar} {percentage}% {value}/{total} | {status}';
    // Ctrl-C is for the program: the bar must not end the process on its own.
    const options = { format, stream: this.stream, hideCursor: true, gracefulExit: false };
    const bar = new SingleBar(options, Presets.shades_classic);
    bar.start(total, 0, { status: '' });
    return bar;
  }

  private write(line: string): void {
    this.stream.write(`${line}\n`);
  }
}

const lineEveryMs = 5000;

function status({ fps, etaMs }: Progress): string {
  const left = etaMs === undefined ? '' : `, ${formatSeconds(etaMs / 1000)} left`;
  return `${fps.toFixed(1)} fps${left}`;
}

/** For where there is no bar. */
function line(progress: Progress): string {
  const { framesDone, framesTotal, percent } = progress;
  const share = percent === undefined ? '' : ` (${percent.toFixed(0)}%)`;
  return `${framesDone}${framesTotal === undefined ? '' : `/${framesTotal}`} frames${share}, ${status(progress)}`;
}
