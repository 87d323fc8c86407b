import { isVidstyleError, toErrorRecord, VidstyleError, type ErrorRecord } from '../errors.js';
import { isDiskFull, type Room } from './full-disk.js';
import type { Task, TaskProgress, TaskResult } from './task.js';

/** What a batch is told while it runs, whatever its queue. */
export interface QueueListener {
  started(task: Task): void;
  progressed(task: Task, progress: TaskProgress): void;
  succeeded(task: Task, result: TaskResult): void;
  /** The file of this task is given up; may write the journal. */
  failed(task: Task, error: ErrorRecord): Promise<void>;
}

/** How a queue on this machine goes about it. */
export interface LocalQueueOptions {
  readonly run: (task: Task, options: { readonly signal: AbortSignal; readonly onProgress: (progress: TaskProgress) => void }) => Promise<TaskResult>; // prettier-ignore
  /** Tasks at once. */
  readonly jobs: number;
  /** How often a task is tried again. */
  readonly retries: number;
  readonly stopOnError: boolean;
  /** Nothing begins while there is none. */
  readonly room: Room;
  readonly listener: QueueListener;
  readonly signal: AbortSignal;
}

/**
 * Does file tasks in order, and what follows from them: first the join that is due, then segments, then the next file. Resolves
 * when all are done or given up; rejects for the signal, or the first failure where that stops the batch.
 */
export class LocalQueue {
  private readonly ready: Record<Task['kind'], Task[]> = { join: [], segment: [], file: [] };
  private readonly open = new Map<string, number>();
  private readonly attempts = new Map<string, number>();
  private readonly givenUp = new Set<string>();
  private failure: unknown;

  constructor(private readonly options: LocalQueueOptions) {}

  async run(files: readonly Task[]): Promise<void> {
    this.ready.file.push(...[...files].reverse());
    const active = new Set<Promise<void>>();
    for (;;) {
      while (active.size < this.options.jobs && !this.ended) {
        const task = this.next();
        if (!task) break;
        const work: Promise<void> = this.perform(task).finally(() => active.delete(work));
        active.add(work);
      }
      if (active.size === 0) break;
      await Promise.race(active);
    }
    if (this.failure !== undefined) throw this.failure as Error;
    if (this.options.signal.aborted)
      throw new VidstyleError('aborted', 'Interrupted; the same command goes on.');
  }

  private get ended(): boolean {
    return this.options.signal.aborted || this.failure !== undefined;
  }

  private next(): Task | undefined {
    const { join, segment, file } = this.ready;
    const task = join.pop() ?? segment.shift() ?? file.pop();
    return task && this.givenUp.has(task.path) ? this.next() : task;
  }

  private async perform(task: Task): Promise<void> {
    const { run, listener, signal, room } = this.options;
    await room.there();
    if (this.ended) return;
    listener.started(task);
    try {
      const onProgress = (progress: TaskProgress): void => listener.progressed(task, progress);
      const result = await run(task, { signal, onProgress });
      this.follow(task, result);
      listener.succeeded(task, result);
    } catch (error) {
      await this.recover(task, error).catch((cause: unknown) => (this.failure ??= cause));
    }
  }

  private follow(task: Task, result: TaskResult): void {
    if (result.type === 'split') {
      const segments = result.missing.map((segment) => ({ ...task, kind: 'segment' as const, segment }));
      this.open.set(task.path, segments.length);
      this.ready.segment.push(...segments);
    } else if (result.type === 'segment') {
      this.open.set(task.path, (this.open.get(task.path) ?? 1) - 1);
    } else return;
    if (this.open.get(task.path) === 0) this.ready.join.push({ ...task, kind: 'join', segment: undefined });
  }

  private async recover(task: Task, error: unknown): Promise<void> {
    if (this.options.signal.aborted) return;
    if (isDiskFull(error)) {
      await this.options.room.more();
      this.again(task);
      return;
    }
    const key = `${task.kind} ${task.segment ?? ''} ${task.path}`;
    const attempt = (this.attempts.get(key) ?? 0) + 1;
    this.attempts.set(key, attempt);
    if (attempt <= this.options.retries && isWorthRetrying(error)) {
      this.again(task);
      return;
    }
    this.givenUp.add(task.path);
    await this.options.listener.failed(task, toErrorRecord(error, 'engine'));
    if (this.options.stopOnError) this.failure ??= error;
  }

  private again(task: Task): void {
    if (task.kind === 'segment') this.ready.segment.unshift(task);
    else this.ready[task.kind].push(task);
  }
}

/** A file that cannot be read, or a wrong option, is the same the next time. */
export function isWorthRetrying(error: unknown): boolean {
  return !(isVidstyleError(error) && ['input', 'usage', 'model', 'aborted', 'verify'].includes(error.code));
}
