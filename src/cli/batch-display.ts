import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { BatchProgress } from '../batch/progress.js';
import { formatSeconds } from './format.js';

/** Shows a batch's progress: one bar over all, one for each task, on a terminal; else a line every so often. */
export class BatchDisplay {
  private bars: MultiBar | undefined;
  private overall: SingleBar | undefined;
  private readonly tasks = new Map<string, SingleBar>();
  private lastLineMs = -Infinity;

  constructor(
    private readonly quiet: boolean,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  update(progress: BatchProgress): void {
    if (this.quiet) return;
    if (this.stream.isTTY) this.draw(progress);
    else this.writeLine(progress);
  }

  /** A sentence that the user should know. */
  say(sentence: string): void {
    if (this.quiet) return;
    if (this.bars) this.bars.log(`${sentence}\n`);
    else this.stream.write(`${sentence}\n`);
  }

  /** Takes the bars away; idempotent. */
  close(): void {
    this.bars?.stop();
    this.bars = undefined;
  }

  private writeLine(progress: BatchProgress): void {
    if (performance.now() - this.lastLineMs < lineEveryMs) return;
    this.lastLineMs = performance.now();
    this.stream.write(`${summary(progress)}\n`);
  }

  private draw(progress: BatchProgress): void {
    // Ctrl-C is for the program: the bars must not end the process on their own.
    const options = { format: '{bar} {percentage}% | {status}', stream: this.stream, hideCursor: true, gracefulExit: false }; // prettier-ignore
    this.bars ??= new MultiBar(options, Presets.shades_classic);
    this.overall ??= this.bars.create(1000, 0, { status: '' });
    this.overall.update(Math.floor(progress.share * 1000), { status: summary(progress) });
    const seen = new Set<string>();
    for (const { path, segment, framesDone, framesTotal = 0, fps } of progress.active) {
      const name = segment === undefined ? path : `${path} · segment ${segment + 1}`;
      seen.add(name);
      const bar = this.tasks.get(name) ?? this.bars.create(framesTotal, 0, { status: name });
      this.tasks.set(name, bar);
      bar.setTotal(framesTotal);
      bar.update(framesDone, { status: `${fps.toFixed(1)} fps ${name}` });
    }
    for (const [name, bar] of this.tasks) {
      if (!seen.has(name) && this.tasks.delete(name)) this.bars.remove(bar);
    }
  }
}

const lineEveryMs = 5000;

function summary({ filesTotal, done, failed, share, etaMs }: BatchProgress): string {
  const left = etaMs === undefined ? '' : `, ${formatSeconds(etaMs / 1000)} left`;
  const lost = failed > 0 ? `, ${failed} failed` : '';
  return `${done} of ${filesTotal} files (${(share * 100).toFixed(1)}%)${lost}${left}`;
}
