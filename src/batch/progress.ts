import type { PlannedFile } from './plan.js';
import type { Task, TaskProgress, TaskResult } from './task.js';

/** How far a batch is. */
export interface BatchProgress {
  readonly filesTotal: number;
  readonly done: number;
  readonly failed: number;
  /** Share of the work that is done, 0..1, by the sources' bytes. */
  readonly share: number;
  readonly elapsedMs: number;
  /** Judged by what this run has done; undefined until it has done something. */
  readonly etaMs: number | undefined;
  readonly active: readonly ActiveTask[];
}

/** A task at work. */
export interface ActiveTask extends TaskProgress {
  readonly path: string;
  readonly segment: number | undefined;
}

interface FileState {
  readonly bytes: number;
  /** Share of the file that earlier runs had done. */
  before: number;
  done: number;
  segments: number;
}

/** Adds up what the tasks of a batch report. */
export class ProgressBook {
  private readonly files: Map<string, FileState>;
  private readonly active = new Map<string, ActiveTask>();
  private readonly startMs = performance.now();
  private readonly bytesTotal: number;
  private finishedBytes = 0;
  private counts = { done: 0, failed: 0 };

  constructor(files: readonly PlannedFile[]) {
    this.files = new Map(files.map(({ path, bytes }) => [path, { bytes, before: 0, done: 0, segments: 1 }]));
    this.bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  started(task: Task): void {
    this.progressed(task, { framesDone: 0, framesTotal: undefined, fps: 0 });
  }

  progressed(task: Task, progress: TaskProgress): void {
    this.active.set(keyOf(task), { path: task.path, segment: task.segment, ...progress });
  }

  succeeded(task: Task, result: TaskResult): void {
    this.active.delete(keyOf(task));
    const file = this.files.get(task.path);
    if (!file) return;
    if (result.type === 'split') {
      file.segments = result.segments;
      file.done = result.segments - result.missing.length;
      file.before = file.done / file.segments;
    } else if (result.type === 'segment') file.done += 1;
    else this.close(task.path, file, 'done');
  }

  failed(task: Task): void {
    this.active.delete(keyOf(task));
    const file = this.files.get(task.path);
    if (file) this.close(task.path, file, 'failed');
  }

  snapshot(): BatchProgress {
    let [open, before] = [0, 0];
    for (const { bytes, done, segments, before: earlier } of this.files.values()) {
      open += (bytes * done) / segments;
      before += bytes * earlier;
    }
    for (const task of this.active.values()) {
      const file = this.files.get(task.path);
      if (file && task.framesTotal) open += ((file.bytes / file.segments) * Math.min(task.framesDone, task.framesTotal)) / task.framesTotal; // prettier-ignore
    }
    const doneBytes = this.finishedBytes + open;
    const own = doneBytes - before;
    const elapsedMs = performance.now() - this.startMs;
    return {
      filesTotal: this.files.size + this.counts.done + this.counts.failed,
      ...this.counts,
      share: this.bytesTotal === 0 ? 1 : Math.min(1, doneBytes / this.bytesTotal),
      elapsedMs,
      etaMs: own > 0 ? (elapsedMs / own) * Math.max(0, this.bytesTotal - doneBytes) : undefined,
      active: [...this.active.values()],
    };
  }

  private close(path: string, file: FileState, how: 'done' | 'failed'): void {
    this.files.delete(path);
    this.finishedBytes += file.bytes;
    this.counts[how] += 1;
  }
}

function keyOf({ kind, path, segment }: Task): string {
  return `${kind} ${segment ?? ''} ${path}`;
}
