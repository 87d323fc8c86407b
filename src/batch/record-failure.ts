import type { ErrorRecord } from '../errors.js';
import { Journal } from './journal.js';
import { specDigest } from './spec.js';
import type { Store } from './store.js';
import type { Task } from './task.js';

/** Writes into the journal why a file was given up. */
export async function recordFailure(
  task: Task,
  { code, message }: ErrorRecord,
  source: Store,
  out: Store,
): Promise<void> {
  const file = await source.stat(task.path);
  const { path, output } = task;
  const was = {
    stamp: file?.stamp ?? '',
    sha256: '',
    bytes: file?.bytes ?? 0,
    spec: specDigest(task.spec),
  };
  const finishedAt = new Date().toISOString();
  await new Journal(out).writeRecord({
    path,
    output,
    status: 'failed',
    ...was,
    reason: { code, message },
    finishedAt,
  });
}
