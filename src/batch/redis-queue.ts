import type { Queue } from 'bullmq';
import { setTimeout as delay } from 'node:timers/promises';
import { VidstyleError } from '../errors.js';
import { idOf, Journal } from './journal.js';
import type { QueueListener } from './local-queue.js';
import { jobOf, queueName, queuePrefix, type RedisAddress } from './redis.js';
import { Roster } from './redis-roster.js';
import type { Store } from './store.js';
import type { Task, TaskProgress, TaskResult } from './task.js';

/** What a coordinator brings. */
export interface RedisQueueOptions {
  readonly connection: RedisAddress;
  readonly device: string;
  readonly retries: number;
  readonly out: Store;
  readonly listener: Pick<QueueListener, 'progressed' | 'succeeded'> & {
    failed(task: Task, reason: { readonly code: string; readonly message: string }): void;
  };
  readonly stopOnError: boolean;
  readonly onNotice: (sentence: string) => void;
  /** Stops looking on; the workers go on. */
  readonly signal: AbortSignal;
  /** Takes the batch's tasks from Redis. */
  readonly cancelled: AbortSignal;
}

/**
 * Puts file tasks on Redis and waits until the journal says that all are done or given up. Events tell how far they are; what
 * counts is the journal, so that lost events, another coordinator, or a Redis that has forgotten something do no harm.
 */
export async function runOnRedis(files: readonly Task[], options: RedisQueueOptions): Promise<void> {
  const { connection, device, signal, listener, onNotice } = options;
  const [first] = files;
  if (!first) return;
  const { Queue, QueueEvents } = await import('bullmq');
  const shared = { connection, prefix: queuePrefix };
  const queue = new Queue(queueName(device), shared);
  const events = new QueueEvents(queueName(device), shared);
  const roster = await Roster.open(connection);
  const waiting = new Map(files.map((task) => [idOf(task.path), task]));
  queue.on('error', () => undefined);
  events.on('error', () => undefined);
  const taskOf = (jobId: string): Task | undefined => {
    const [batch, kind, id = '', segment] = jobId.split('_');
    const task = batch === first.batch ? waiting.get(id) : undefined;
    return (
      task && {
        ...task,
        kind: kind as Task['kind'],
        ...(segment !== undefined && { segment: Number(segment) }),
      }
    );
  };
  events.on('progress', ({ jobId, data }) => {
    const task = taskOf(jobId);
    if (task) listener.progressed(task, data as unknown as TaskProgress);
  });
  events.on('completed', ({ jobId, returnvalue }) => {
    const task = taskOf(jobId);
    const result = returnvalue as unknown as TaskResult | undefined;
    if (!task || !result) return;
    if (result.type === 'done') waiting.delete(idOf(task.path));
    listener.succeeded(task, result);
  });
  const stop: { error?: StopError } = {};
  const giveUpIfRecorded = async (task: Task): Promise<void> => {
    const record = await new Journal(options.out).record(task.path);
    if (record?.status !== 'failed' || !waiting.delete(idOf(task.path))) return;
    const reason = record.reason ?? { code: 'engine', message: '' };
    listener.failed(task, reason);
    if (options.stopOnError) stop.error ??= new StopError(reason.message);
  };
  events.on('failed', ({ jobId }) => {
    const task = taskOf(jobId);
    if (task) void giveUpIfRecorded(task).catch(() => undefined);
  });
  try {
    await roster.announceBatch(first.batch);
    const fit = (await roster.listWorkers()).filter((worker) => worker.device === device);
    if (fit.length === 0) onNotice(`No worker with the device ${device} is there yet; the tasks wait.`);
    await addFiles(queue, files, options.retries);
    while (waiting.size > 0 && !signal.aborted) {
      await delay(500, undefined, { signal }).catch(() => undefined);
      if (stop.error || options.cancelled.aborted) {
        await roster.forgetBatch(first.batch);
        await removeBatch(queue, first.batch);
      }
      if (stop.error) throw stop.error;
      if (options.cancelled.aborted)
        throw new VidstyleError('aborted', 'The batch was cancelled; what is done stays.');
      await roster.announceBatch(first.batch); // again and again: it is forgotten otherwise, or another coordinator has stopped
      if (await isBusy(queue)) continue;
      for (const task of [...waiting.values()]) await giveUpIfRecorded(task);
      // Redis has nothing of the rest: those that are done are found to be so by whoever takes them.
      await addFiles(queue, [...waiting.values()], options.retries).catch(() => undefined);
    }
    if (signal.aborted) throw new VidstyleError('aborted', 'Interrupted; the workers go on, and the same command looks on again.'); // prettier-ignore
    await roster.forgetBatch(first.batch);
  } finally {
    roster.close();
    await Promise.all([queue.close(), events.close()]);
  }
}

async function addFiles(queue: Queue, files: readonly Task[], retries: number): Promise<void> {
  for (let at = 0; at < files.length; at += 1000) {
    await queue.addBulk(files.slice(at, at + 1000).map((task) => jobOf(task, idOf(task.path), retries)));
  }
}

/** Takes what has not begun; what is under way ends by itself, and what follows from it is dropped. */
async function removeBatch(queue: Queue, batch: string): Promise<void> {
  const jobs = await queue.getJobs(['waiting-children', 'waiting', 'delayed', 'prioritized']);
  for (const job of jobs) {
    if (job.id?.startsWith(`${batch}_`)) await job.remove().catch(() => undefined);
  }
}

/** Whether Redis has anything to do or being done; a Redis that is away for a while counts as busy. */
async function isBusy(queue: Queue): Promise<boolean> {
  try {
    const counts = await queue.getJobCounts(
      'waiting',
      'active',
      'delayed',
      'waiting-children',
      'prioritized',
    );
    return Object.values(counts).some((count) => count > 0);
  } catch {
    return true;
  }
}

class StopError extends VidstyleError {
  constructor(message: string) {
    super('engine', message);
  }
}
