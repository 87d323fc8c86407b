/** A process that does tasks one after the other, so that a codec's crash costs one of them. Started by `TaskProcesses`. */
import { toErrorRecord, type ErrorRecord } from '../errors.js';
import { PoolKeeper } from '../jobs/pool-keeper.js';
import { performTask } from './perform.js';
import type { Task, TaskProgress, TaskResult, TaskSettings } from './task.js';

/** What the parent says. */
export type ToChild =
  { readonly type: 'run'; readonly task: Task; readonly settings: TaskSettings } | { readonly type: 'abort' };

/** What the child says. */
export type FromChild =
  | { readonly type: 'progress'; readonly progress: TaskProgress }
  | { readonly type: 'result'; readonly result: TaskResult }
  | { readonly type: 'error'; readonly error: ErrorRecord };

let abort = new AbortController();
// Opening a network takes as long as some seconds of video: the segments of one file share it.
const pools = new PoolKeeper();

process.on('message', (message: ToChild) => {
  if (message.type === 'abort') abort.abort();
  else void run(message.task, message.settings);
});
// Ctrl-C reaches the whole group; what it means is the parent's to say.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// Without its parent nobody would take the result.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function run(task: Task, settings: TaskSettings): Promise<void> {
  abort = new AbortController();
  let lastMs = -Infinity;
  const onProgress = (progress: TaskProgress): void => {
    if (performance.now() - lastMs < 200 && progress.framesDone !== progress.framesTotal) return;
    lastMs = performance.now();
    say({ type: 'progress', progress });
  };
  try {
    const { signal } = abort;
    say({ type: 'result', result: await performTask(task, { settings, pools, signal, onProgress }) });
  } catch (error) {
    say({ type: 'error', error: withSystemCode(error) });
  }
}

function withSystemCode(error: unknown): ErrorRecord {
  const record = toErrorRecord(error, 'output');
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? { ...record, details: { ...record.details, system: code } } : record;
}

function say(message: FromChild): void {
  process.send?.(message);
}
