import type { FlowProducer, Job } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isVidstyleError, messageOf, toErrorRecord, VidstyleError } from '../errors.js';
import { idOf } from './journal.js';
import { isDiskFull } from './full-disk.js';
import { isWorthRetrying } from './local-queue.js';
import { openStore } from './open-store.js';
import { recordFailure } from './record-failure.js';
import { jobOf, queueName, queuePrefix, redisConnection, requireRedis } from './redis.js';
import { Roster } from './redis-roster.js';
import { requireRoots } from './roots.js';
import { TaskProcesses } from './task-processes.js';
import { taskSchema, version, type Task, type TaskResult, type TaskSettings } from './task.js';

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** `redis://host`, or `rediss://host` for TLS. */
  readonly redis: string;
  /** File of certificates (PEM) for `rediss://`, instead of those that Node trusts. */
  readonly redisCa?: string | undefined;
  /** Folders, or `s3://bucket/prefix`, that tasks may read from and write to; everything else is refused. */
  readonly roots: readonly string[];
  /** The kind of device that this worker has, announced to the batches; default `cpu`. */
  readonly device?: string | undefined;
  /** Tasks at once; default 1. */
  readonly jobs?: number | undefined;
  readonly settings?: TaskSettings | undefined;
  /** Called with a sentence for whatever the user should know; never with an address or password. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** How long a dead worker's task stays its own, milliseconds; default 15000. */
  readonly lockMs?: number | undefined;
  /** Ends the worker; tasks in hand are given back at once. */
  readonly signal: AbortSignal;
}

/**
 * Takes tasks from Redis until the signal aborts.
 * @throws VidstyleError `usage` for wrong options, `engine` where Redis cannot be used, `setup` where the batches are of another
 *   version of vidstyle
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { device = 'cpu', settings } = options;
  const processes = new TaskProcesses({ ...settings, ...(device !== 'cpu' && { device }) });
  try {
    await serveTasks(options, (task, given) => processes.run(task, given));
  } finally {
    await processes.close();
  }
}

/** {@link runWorker}, whatever does the tasks. */
export async function serveTasks(options: WorkerOptions, run: TaskProcesses['run']): Promise<void> {
  const { device = 'cpu', jobs = 1, lockMs = 15_000, roots, onNotice, signal } = options;
  for (const root of roots) openStore(root);
  const connection = redisConnection(options.redis, options.redisCa);
  await requireRedis(connection);
  const roster = await Roster.open(connection);
  try {
    await roster.requireVersion();
  } catch (error) {
    roster.close();
    throw error;
  }
  const { FlowProducer, Worker } = await import('bullmq');
  const flows = new FlowProducer({ connection, prefix: queuePrefix });
  const hands: Hands = { roster, flows, run, roots, queue: queueName(device), signal, onNotice };
  const worker = new Worker<unknown, TaskResult>(hands.queue, (job, token) => takeJob(job, token, hands), {
    ...{ connection, prefix: queuePrefix, concurrency: jobs },
    lockDuration: lockMs,
    stalledInterval: Math.max(1000, lockMs / 3),
    // A task that killed its machine may kill the next one; but machines die for many reasons, and often.
    maxStalledCount: 100,
  });
  worker.on('error', (error) => onNotice?.(`Redis: ${error.message}`));
  flows.on('error', () => undefined);
  const announced = roster.announceWorker({ id: randomUUID(), host: hostname(), device, jobs, version });
  try {
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })); // prettier-ignore
  } finally {
    await worker.close();
    await Promise.all([announced.stop(), flows.close()]);
    roster.close();
  }
}

interface Hands {
  readonly roster: Roster;
  readonly flows: FlowProducer;
  readonly run: TaskProcesses['run'];
  readonly roots: readonly string[];
  readonly queue: string;
  readonly signal: AbortSignal;
  readonly onNotice: ((sentence: string) => void) | undefined;
}

async function takeJob(job: Job, token: string | undefined, hands: Hands): Promise<TaskResult> {
  const { DelayedError, UnrecoverableError, WaitingError } = await import('bullmq');
  const parsed = taskSchema.safeParse(job.data);
  if (!parsed.success) throw new UnrecoverableError('Refused: this is no task of vidstyle.');
  const task = parsed.data;
  if (task.version !== version) {
    hands.onNotice?.(`A task of vidstyle ${task.version} is left to others: this is ${version}.`);
    await job.moveToDelayed(Date.now() + 5000, token);
    throw new DelayedError();
  }
  try {
    await requireRoots(task, hands.roots);
    if (!(await hands.roster.isWanted(task.batch))) throw new UnrecoverableError(over);
    return await doTask(job, task, hands);
  } catch (error) {
    if (error instanceof UnrecoverableError) throw error;
    if (hands.signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (isDiskFull(error)) {
      hands.onNotice?.(`The disk is full: "${task.path}" waits.`);
      await job.moveToDelayed(Date.now() + 10_000, token);
      throw new DelayedError();
    }
    const final = !isWorthRetrying(error) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    hands.onNotice?.(`${task.path}: ${messageOf(error)}`);
    if (!final) throw error;
    // What lies outside the roots is not written to either.
    const inside = !(isVidstyleError(error) && error.details['refused'] === true);
    if (inside)
      await recordFailure(task, toErrorRecord(error, 'engine'), openStore(task.source), openStore(task.out));
    throw new UnrecoverableError(messageOf(error));
  }
}

const over = 'The batch of this task is over.';

async function doTask(
  job: Job,
  task: Task,
  { roster, flows, run, queue, signal }: Hands,
): Promise<TaskResult> {
  let lastMs = 0;
  const result = await run(task, {
    signal,
    onProgress: (progress) => {
      if (performance.now() - lastMs < 1000) return;
      lastMs = performance.now();
      job.updateProgress({ ...progress }).catch(() => undefined);
      roster.isWanted(task.batch).catch(() => undefined);
    },
  });
  if (result.type === 'split')
    await addFlow(task, result.missing, { flows, queue, attempts: job.opts.attempts ?? 1 });
  return result;
}

/** The join, which waits for the segments that are missing. */
async function addFlow(
  task: Task,
  missing: readonly number[],
  { flows, queue: queueName, attempts }: { flows: FlowProducer; queue: string; attempts: number },
): Promise<void> {
  const id = idOf(task.path);
  const join = jobOf({ ...task, kind: 'join' }, id, attempts - 1);
  const segments = missing.map((segment) => jobOf({ ...task, kind: 'segment', segment }, id, attempts - 1));
  await flows.add({
    ...join,
    queueName,
    children: segments.map((child) => ({
      ...child,
      queueName,
      opts: { ...child.opts, failParentOnFailure: true },
    })),
  });
}

/** @throws VidstyleError `usage` where there are none */
export function requireSomeRoots(roots: readonly string[]): void {
  if (roots.length === 0)
    throw new VidstyleError('usage', 'Name the folders that tasks may use: add --root FOLDER.');
}
