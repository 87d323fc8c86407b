import { rm } from 'node:fs/promises';
import { isVidstyleError, VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';
import type { PoolKeeper } from '../jobs/pool-keeper.js';
import { openVideo, segmentEncoding, planSegments, sniffPicture } from '../media/index.js';
import { isDone, Journal, type FileRecord, type Manifest } from './journal.js';
import { joinFile } from './join-file.js';
import { openStore } from './open-store.js';
import { runJob } from './run-job.js';
import { specDigest } from './spec.js';
import type { LocalCopy, Store, StoredFile } from './store.js';
import { version, type Task, type TaskProgress, type TaskResult, type TaskSettings } from './task.js';

/** What a task is done with. */
export interface TaskContext {
  readonly settings: TaskSettings;
  /** Keeps the network open from one task to the next; default: each opens its own. */
  readonly pools?: PoolKeeper | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TaskProgress) => void;
}

/** A task's stores and its file. */
export interface Opened {
  readonly task: Task;
  readonly context: TaskContext;
  readonly source: Store;
  readonly out: Store;
  readonly journal: Journal;
  readonly file: StoredFile;
  readonly spec: string;
  /** The source as a file of this machine, brought once. */
  readonly copy: () => Promise<LocalCopy>;
}

/**
 * Does one task, the same for every queue. Doing it twice, or at the same time on two machines, gives the same result: what is
 * done already is found in the journal, and everything comes into place whole.
 *
 * @throws VidstyleError for what could not be done
 */
export async function performTask(task: Task, context: TaskContext): Promise<TaskResult> {
  const [source, out] = [openStore(task.source), openStore(task.out)];
  let copy: Promise<LocalCopy> | undefined;
  try {
    const file = await source.stat(task.path);
    if (!file) throw new VidstyleError('input', `There is no file "${task.path}" any more.`);
    const opened: Opened = {
      ...{ task, context, source, out, file },
      journal: new Journal(out),
      spec: specDigest(task.spec),
      copy: () => (copy ??= source.open(task.path, context.signal)),
    };
    if (task.kind === 'file') return await doFile(opened);
    return task.kind === 'segment' ? await doSegment(opened, task.segment ?? 0) : await doJoin(opened);
  } finally {
    await (await copy?.catch(() => undefined))?.release();
    source.close();
    out.close();
  }
}

async function doFile(opened: Opened): Promise<TaskResult> {
  const { task, context, journal, file, spec, out } = opened;
  const { signal } = context;
  const record = await journal.record(task.path);
  let digest: Promise<string> | undefined;
  const sha256 = (): Promise<string> =>
    (digest ??= opened.copy().then(({ path }) => fileDigest(path, 'sha256', signal)));
  if (record && (await isDone(record, file, spec, out, sha256))) {
    if (record.stamp !== file.stamp) await journal.writeRecord({ ...record, stamp: file.stamp });
    await journal.removeWork(task.path); // whoever joined the file may have been killed before this
    return { type: 'done', frames: record.frames ?? 0 };
  }
  const begun = await journal.manifest(task.path);
  const goesOn = begun && (await fits(begun, opened, sha256));
  const manifest = goesOn ? begun : await cut(opened, await sha256());
  if (!manifest) return doWhole(opened, await sha256());
  if (!goesOn) await journal.begin(task.path, manifest);
  const done = await Promise.all(manifest.segments.map((_, index) => journal.segment(task.path, manifest, index))); // prettier-ignore
  const missing = done.flatMap((segment, index) => (segment ? [] : [index]));
  return { type: 'split', segments: done.length, missing };
}

/** Whether segments that were begun are of this source, spec and version. */
async function fits(
  manifest: Manifest,
  { file, spec }: Opened,
  sha256: () => Promise<string>,
): Promise<boolean> {
  const same = manifest.spec === spec && manifest.version === version && manifest.bytes === file.bytes;
  return same && (manifest.stamp === file.stamp || manifest.sha256 === (await sha256()));
}

/** undefined for what is done in one piece: pictures, short videos, and those that cannot be cut. */
async function cut(
  { task, file, spec, copy, context }: Opened,
  sha256: string,
): Promise<Manifest | undefined> {
  const { path } = await copy();
  if ((await sniffPicture(path)) !== undefined) return undefined;
  const plan = await planSegments(path, task.segmentSeconds, context.signal);
  if (plan.segments.length < 2) return undefined;
  const { acceptTruncated } = task.spec;
  const video = await openVideo(path, { acceptTruncated, signal: context.signal });
  await video.close();
  const encoding = segmentEncoding(task.output, video.geometry.format === 'rgb16', task.spec);
  if (!encoding) return undefined;
  const segments = plan.segments.map(({ startTicks, endTicks, seekTicks, frames }) => ({
    startTicks: String(startTicks),
    ...(endTicks !== undefined && { endTicks: String(endTicks) }),
    ...(seekTicks !== undefined && { seekTicks: String(seekTicks) }),
    frames,
  }));
  const { stamp, bytes } = file;
  return { version, spec, stamp, sha256, bytes, ...encoding, endTicks: String(plan.endTicks), segments };
}

async function doWhole(opened: Opened, sha256: string): Promise<TaskResult> {
  const { task, out, copy, context } = opened;
  const local = await out.temporary(task.output);
  try {
    const { frames, notices } = await runJob(opened, (await copy()).path, local, {});
    await finishFile(opened, local, { sha256, frames, notices: [...notices] });
    context.onProgress({ framesDone: frames, framesTotal: frames, fps: 0 });
    return { type: 'done', frames };
  } finally {
    await rm(local, { force: true });
  }
}

async function doSegment(opened: Opened, index: number): Promise<TaskResult> {
  const { task, journal, out, copy, context } = opened;
  const manifest = await journal.manifest(task.path);
  if (!manifest) return { type: 'segment', frames: await framesIfDone(opened) };
  const done = await journal.segment(task.path, manifest, index);
  if (done) return { type: 'segment', frames: done.frames };
  const segment = manifest.segments[index];
  if (!segment) throw new VidstyleError('usage', `"${task.path}" has no segment ${index}.`);
  const local = await out.temporary(`segment${manifest.ending}`);
  try {
    const range = {
      startTicks: BigInt(segment.startTicks),
      endTicks: segment.endTicks === undefined ? undefined : BigInt(segment.endTicks),
      seekTicks: segment.seekTicks === undefined ? undefined : BigInt(segment.seekTicks),
    };
    const { frames, notices } = await runJob(opened, (await copy()).path, local, {
      range,
      codec: manifest.codec,
    });
    // Another machine may have been quicker, and the file be joined by now.
    if (!(await journal.manifest(task.path))) return { type: 'segment', frames: await framesIfDone(opened) };
    const record = { frames, notices: [...notices] };
    await journal.finishSegment(task.path, manifest, index, local, record, context.signal);
    return { type: 'segment', frames };
  } finally {
    await rm(local, { force: true });
  }
}

async function doJoin(opened: Opened): Promise<TaskResult> {
  const { task, journal, out, file } = opened;
  const manifest = await journal.manifest(task.path);
  if (!manifest) return { type: 'done', frames: await framesIfDone(opened) };
  if (manifest.bytes !== file.bytes)
    throw new VidstyleError('input', `"${task.path}" was changed while it was being done.`);
  const local = await out.temporary(task.output);
  try {
    const { frames, notices } = await joinFile(opened, manifest, local);
    await finishFile(opened, local, { sha256: manifest.sha256, frames, notices, segments: manifest.segments.length }); // prettier-ignore
    await journal.removeWork(task.path);
    return { type: 'done', frames };
  } catch (error) {
    // A second delivery of this task may have joined the file and removed the segments.
    const frames = await framesIfDone(opened).catch(() => undefined);
    if (frames === undefined || (isVidstyleError(error) && error.code === 'aborted')) throw error;
    return { type: 'done', frames };
  } finally {
    await rm(local, { force: true });
  }
}

/** The output goes first and its record after: whoever is killed between them does the last step again. */
async function finishFile(
  { task, out, journal, file, spec, context }: Opened,
  local: string,
  facts: Pick<FileRecord, 'sha256' | 'frames' | 'notices' | 'segments'>,
): Promise<void> {
  const { stamp: outputStamp } = await out.publish(local, task.output, context.signal);
  const { path, output } = task;
  const { stamp, bytes } = file;
  const finishedAt = new Date().toISOString();
  await journal.writeRecord({ path, output, status: 'done', stamp, bytes, spec, outputStamp, ...facts, finishedAt }); // prettier-ignore
}

/** @throws VidstyleError `worker` where the segments are gone although the file is not done: it is begun again */
async function framesIfDone({ task, journal, file, spec, out }: Opened): Promise<number> {
  const record = await journal.record(task.path);
  if (record && (await isDone(record, file, spec, out, () => Promise.resolve('')))) return record.frames ?? 0;
  throw new VidstyleError('worker', `The segments of "${task.path}" are not there any more.`);
}
