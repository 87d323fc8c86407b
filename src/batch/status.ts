import picomatch from 'picomatch';
import type { Failure } from './tally.js';
import { Journal, recordPath } from './journal.js';
import { openStore } from './open-store.js';
import { askToCancel, readPlan } from './plan-file.js';

/** What has become of a batch. */
export interface BatchStatus {
  readonly archive: string;
  readonly out: string;
  readonly startedAt: string;
  readonly files: number;
  readonly done: number;
  readonly waiting: number;
  /** Long files under way, by how many of their segments are done. */
  readonly begun: readonly {
    readonly path: string;
    readonly segments: number;
    readonly segmentsDone: number;
  }[];
  readonly failures: readonly Failure[];
}

/**
 * Reads from the journal what the last batch into a folder has done.
 * @throws VidstyleError `usage` where there was none
 */
export async function batchStatus(outFolder: string): Promise<BatchStatus> {
  const out = openStore(outFolder);
  const plan = await readPlan(out);
  const journal = new Journal(out);
  const recorded = await journal.recordFiles();
  const begun: { path: string; segments: number; segmentsDone: number }[] = [];
  const failures: Failure[] = [];
  let done = 0;
  for (const { path } of plan.files) {
    const record = recorded.has(recordPath(path)) ? await journal.record(path) : undefined;
    if (record?.status === 'done') done += 1;
    if (record?.status === 'failed') failures.push({ path, ...(record.reason ?? { code: '', message: '' }) });
    if (record) continue;
    const manifest = await journal.manifest(path);
    if (!manifest) continue;
    const found = await Promise.all(
      manifest.segments.map((_, index) => journal.segment(path, manifest, index)),
    );
    begun.push({ path, segments: found.length, segmentsDone: found.filter(Boolean).length });
  }
  const { archive, startedAt, files } = plan;
  const waiting = files.length - done - failures.length;
  return { archive, out: out.location, startedAt, files: files.length, done, waiting, begun, failures };
}

/** Forgets failures, all or those whose paths match, so that the next run tries them again; returns their paths. */
export async function retryFailed(outFolder: string, filter?: readonly string[]): Promise<string[]> {
  const { failures, out } = await batchStatus(outFolder);
  const journal = new Journal(openStore(out));
  const wanted = filter ? failures.filter(({ path }) => picomatch.isMatch(path, [...filter])) : failures;
  for (const { path } of wanted) await journal.removeRecord(path);
  return wanted.map(({ path }) => path);
}

/** Ends the batch that works on a folder of results; what is done stays. */
export async function cancelBatch(outFolder: string): Promise<void> {
  const out = openStore(outFolder);
  await readPlan(out);
  await askToCancel(out);
}
