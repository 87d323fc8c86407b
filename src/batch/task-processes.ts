import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { abortedError, fromErrorRecord, VidstyleError } from '../errors.js';
import { sweepScratch } from './scratch.js';
import type { FromChild, ToChild } from './task-child.js';
import type { Task, TaskProgress, TaskResult, TaskSettings } from './task.js';

/** What to do besides. */
export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: TaskProgress) => void;
}

/** Does tasks in child processes, which are kept for the next task. */
export class TaskProcesses {
  private readonly idle: ChildProcess[] = [];
  private readonly all = new Set<ChildProcess>();

  constructor(private readonly settings: TaskSettings) {}

  /** @throws VidstyleError as {@link performTask}; `worker` if the process ended over the task */
  async run(task: Task, { signal, onProgress }: RunOptions): Promise<TaskResult> {
    if (signal.aborted) throw abortedError(signal);
    const child = this.idle.pop() ?? this.start();
    const abort = (): void => {
      tell(child, { type: 'abort' });
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<TaskResult>((resolve, reject) => {
        child.removeAllListeners('message');
        child.on('message', (message: FromChild) => {
          if (message.type === 'progress') return onProgress?.(message.progress);
          this.idle.push(child);
          if (message.type === 'result') resolve(message.result);
          else reject(fromErrorRecord(message.error));
        });
        child.once('exit', (code, name) => {
          const how = name === null ? `with exit code ${String(code)}` : `by ${name}`;
          reject(new VidstyleError('worker', `The process that did "${task.path}" ended ${how}.`));
        });
        tell(child, { type: 'run', task, settings: this.settings });
      });
    } finally {
      signal.removeEventListener('abort', abort);
      child.removeAllListeners('exit');
      child.once('exit', () => this.forget(child));
      if (child.exitCode !== null || child.signalCode !== null) this.forget(child);
    }
  }

  /** Ends the processes; idempotent. */
  async close(): Promise<void> {
    const ended = [...this.all].map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve();
          child.once('exit', () => resolve());
        }),
    );
    for (const child of this.all) child.kill('SIGKILL');
    await Promise.all(ended);
    await sweepScratch();
  }

  private start(): ChildProcess {
    const child = fork(fileURLToPath(new URL('./task-child.js', import.meta.url)), { execArgv: [] });
    this.all.add(child);
    return child;
  }

  private forget(child: ChildProcess): void {
    this.all.delete(child);
    const at = this.idle.indexOf(child);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

function tell(child: ChildProcess, message: ToChild): void {
  // A process that has just died is noticed by its exit.
  child.send(message, () => undefined);
}
