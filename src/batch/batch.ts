import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { relative, sep } from 'node:path';
import pLimit from 'p-limit';
import picomatch from 'picomatch';
import { VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';
import { Room } from './full-disk.js';
import { isDone, Journal, recordPath } from './journal.js';
import { LocalQueue, type QueueListener } from './local-queue.js';
import { lockResults } from './lock.js';
import { publishModel } from './models.js';
import { openStore } from './open-store.js';
import { planFiles, type Order, type PlannedFile } from './plan.js';
import { watchForCancel, writePlan } from './plan-file.js';
import { foresee, type Forecast } from './preflight.js';
import type { BatchProgress } from './progress.js';
import { recordFailure } from './record-failure.js';
import { resolveSpec, specDigest, type BatchWork, type Spec } from './spec.js';
import { stateFolder, type Store } from './store.js';
import { Tally, type Failure } from './tally.js';
import { TaskProcesses } from './task-processes.js';
import { version, type Task, type TaskSettings } from './task.js';

/** Options of {@link runBatch}. */
export interface BatchOptions {
  /** A folder, `s3://bucket/prefix`, or a glob pattern below one. */
  readonly archive: string;
  /** The folder of results, or `s3://bucket/prefix`. */
  readonly out: string;
  /** What is done to every file. */
  readonly work: BatchWork;
  readonly filter?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly order?: Order | undefined;
  /** Whether a file that cannot be done ends the batch; default `continue`. */
  readonly onError?: 'continue' | 'stop' | undefined;
  /** Try failed tasks again so many times; default 2. */
  readonly retries?: number | undefined;
  /** Child processes at work at once; default 1. */
  readonly jobs?: number | undefined;
  /** Target length of the segments, seconds; default 30. */
  readonly segmentSeconds?: number | undefined;
  /** Have the work done by the workers on this Redis: `redis://host`, or `rediss://host` for TLS; default here. */
  readonly redis?: string | undefined;
  /** File of certificates (PEM) for `rediss://`, instead of those that Node trusts. */
  readonly redisCa?: string | undefined;
  /** How this machine does it. */
  readonly settings?: TaskSettings | undefined;
  /** Plan, and say what it would take; write nothing. */
  readonly dryRun?: boolean | undefined;
  /** Called whenever a task begins, goes on or ends. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Called with a sentence for whatever the user should know: a file given up, a full disk. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** How often a full disk is looked at, milliseconds; default 5000. */
  readonly pollMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What applies where {@link BatchOptions} say nothing. */
export const batchDefaults = Object.freeze({ onError: 'continue', retries: 2, jobs: 1, segmentSeconds: 30 });

/** How a batch went. */
export interface BatchReport {
  readonly out: string;
  /** Files of the archive that were wanted. */
  readonly files: number;
  /** Done already, and unchanged. */
  readonly skipped: number;
  readonly done: number;
  /** Those of earlier runs too, which are not tried again until `retryFailed` says so or the file changes. */
  readonly failures: readonly Failure[];
  readonly seconds: number;
  /** Of a dry run. */
  readonly forecast?: Forecast;
}

/**
 * Restyles or upscales an archive on this machine, going on where an earlier run of the same work ended, however it ended.
 *
 * @throws VidstyleError `usage` for wrong options, or while another batch works on the same results; `aborted` after the signal:
 *   what was done stays done
 */
export async function runBatch(options: BatchOptions): Promise<BatchReport> {
  const started = performance.now();
  const { folder, pattern } = splitGlob(options.archive);
  const [source, out] = [openStore(folder), openStore(options.out)];
  if (source.location === out.location)
    throw new VidstyleError('usage', 'Archive and results are one folder.');
  const { spec, modelPath } = await resolveSpec(options.work);
  const { filter, limit, order } = options;
  const all = await planFiles(source, {
    pattern,
    filter,
    limit,
    order,
    leaveOut: foldersInside(source, out),
  });
  const places = { source, out, spec };
  const room = roomOf(places, options, options.signal ?? new AbortController().signal);
  const { pending, failures: known } = await stillToDo(all, places, room);
  const base = { out: out.location, files: all.length, skipped: all.length - pending.length - known.length };
  const seconds = (): number => (performance.now() - started) / 1000;
  if (options.dryRun) {
    const forecast = await foresee(pending, source, out, options);
    return { ...base, done: 0, failures: known, seconds: seconds(), forecast };
  }
  const prepare = async (): Promise<void> => {
    await publishModel(out, spec.model, modelPath);
    await writePlan(out, { archive: options.archive, spec, files: all });
  };
  if (options.redis !== undefined) {
    await room.take(prepare);
    const { done, failures } = await doOnRedis(pending, places, options.redis, options);
    return { ...base, done, failures: [...known, ...failures], seconds: seconds() };
  }
  const unlock = await room.take(() => lockResults(out));
  try {
    await out.remove(`${stateFolder}/temporary`);
    await room.take(prepare);
    const { done, failures } = await doAll(pending, places, options);
    return { ...base, done, failures: [...known, ...failures], seconds: seconds() };
  } finally {
    await unlock();
  }
}

interface Places {
  readonly source: Store;
  readonly out: Store;
  readonly spec: Spec;
}

function roomOf({ source, out }: Places, { onNotice, pollMs }: BatchOptions, signal: AbortSignal): Room {
  return new Room({ folders: [...new Set([out.workFolder, source.workFolder])], onNotice, pollMs, signal });
}

async function doAll(
  files: readonly PlannedFile[],
  places: Places,
  options: BatchOptions,
): Promise<Pick<BatchReport, 'done' | 'failures'>> {
  const { retries = batchDefaults.retries, jobs = batchDefaults.jobs, onError } = options;
  const threads = options.settings?.threads ?? Math.max(1, Math.floor(availableParallelism() / jobs));
  const processes = new TaskProcesses({ ...options.settings, threads });
  const tally = new Tally(files, options);
  const listener: QueueListener = {
    started: tally.started,
    progressed: tally.progressed,
    succeeded: tally.succeeded,
    failed: async (task, error) => {
      tally.failed(task, error);
      await room.take(() => recordFailure(task, error, places.source, places.out));
    },
  };
  const cancel = watchForCancel(places.out);
  const signal = options.signal ? AbortSignal.any([options.signal, cancel.signal]) : cancel.signal;
  const room = roomOf(places, options, signal);
  const queue = new LocalQueue({
    ...{ jobs, retries, listener, signal, room, stopOnError: onError === 'stop' },
    run: (task, given) => processes.run(task, given),
  });
  try {
    await queue.run(tasksOf(files, places, options));
  } finally {
    cancel.stop();
    await processes.close();
  }
  return { done: tally.done, failures: tally.failures };
}

async function doOnRedis(
  files: readonly PlannedFile[],
  places: Places,
  redis: string,
  options: BatchOptions,
): Promise<Pick<BatchReport, 'done' | 'failures'>> {
  const { runOnRedis } = await import('./redis-queue.js');
  const { redisConnection, requireRedis } = await import('./redis.js');
  const connection = redisConnection(redis, options.redisCa);
  await requireRedis(connection);
  const { retries = batchDefaults.retries, onError, onNotice, settings } = options;
  const tally = new Tally(files, options);
  const journal = new Journal(places.out);
  // An old failure, of other contents or another spec, is none of this run.
  for (const { path } of files)
    if ((await journal.record(path))?.status === 'failed') await journal.removeRecord(path);
  const cancel = watchForCancel(places.out);
  try {
    await runOnRedis(tasksOf(files, places, options), {
      ...{ connection, retries, out: places.out, stopOnError: onError === 'stop' },
      device: settings?.device ?? 'cpu',
      onNotice: (sentence) => onNotice?.(sentence),
      signal: options.signal ?? new AbortController().signal,
      cancelled: cancel.signal,
      listener: tally,
    });
  } finally {
    cancel.stop();
  }
  return { done: files.length - tally.failures.length, failures: tally.failures };
}

/** The batch's file tasks; the same for whoever plans the same work. */
function tasksOf(
  files: readonly PlannedFile[],
  { source, out, spec }: Places,
  options: BatchOptions,
): Task[] {
  const { segmentSeconds = batchDefaults.segmentSeconds } = options;
  const name = [source.location, out.location, specDigest(spec), segmentSeconds].join('\n');
  const batch = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const shared = { batch, version, source: source.location, out: out.location, spec, segmentSeconds };
  return files.map(({ path, output }) => ({ kind: 'file', path, output, ...shared }));
}

async function stillToDo(
  files: readonly PlannedFile[],
  { source, out, spec: wanted }: Places,
  room: Room,
): Promise<{ readonly pending: PlannedFile[]; readonly failures: Failure[] }> {
  const journal = new Journal(out);
  const spec = specDigest(wanted);
  const recorded = await journal.recordFiles();
  const judge = async (file: PlannedFile): Promise<'pending' | 'done' | Failure> => {
    const record = recorded.has(recordPath(file.path)) ? await journal.record(file.path) : undefined;
    const sha256 = async (): Promise<string> => {
      const copy = await room.take(() => source.open(file.path));
      return fileDigest(copy.path).finally(() => copy.release());
    };
    const failed = record?.status === 'failed' && record.spec === spec && record.stamp === file.stamp;
    if (failed) return { path: file.path, ...(record.reason ?? { code: 'engine', message: '' }) };
    return (await isDone(record, file, spec, out, sha256)) ? 'done' : 'pending';
  };
  // Each waits for the disk or the network.
  const limit = pLimit(16);
  const judged = await Promise.all(files.map((file) => limit(judge, file)));
  return {
    pending: files.filter((_, index) => judged[index] === 'pending'),
    failures: judged.filter((each) => typeof each === 'object'),
  };
}

/** `archive/2019-*.mp4` is a folder and a pattern below it. */
function splitGlob(archive: string): { readonly folder: string; readonly pattern: string | undefined } {
  const { base, glob } = picomatch.scan(archive);
  return glob === '' ? { folder: archive, pattern: undefined } : { folder: base === '' ? '.' : base, pattern: glob }; // prettier-ignore
}

function foldersInside(source: Store, out: Store): string[] {
  const inside = relative(source.location, out.location);
  return inside.startsWith('..') || inside === '' ? [] : [inside.split(sep).join('/')];
}
