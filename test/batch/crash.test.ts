import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runBatch, type BatchOptions } from '../../src/batch/batch.js';
import { batchStatus } from '../../src/batch/status.js';
import { frameHashes, longClip, makeArchive, type TestArchive } from './archive.js';
import { TestProcess } from './processes.js';

const optionsOf = ({ archive, out, work, presets }: TestArchive): BatchOptions => ({
  ...{ archive, out, work },
  segmentSeconds: 0.4,
  settings: { threads: 1, presets },
});

const start = (options: BatchOptions): TestProcess => TestProcess.start('batch', options);

it('goes on after kill -9 at any moment, and ends as if nothing had happened', async () => {
  const place = await makeArchive({ 'a/long.mkv': longClip(60), 'b.mp4': longClip(30) });
  const undisturbed = { ...place, out: `${place.out}-undisturbed` };
  await runBatch(optionsOf(undisturbed));
  const durable: SegmentRecords[] = [];
  for (let kill = 0; kill < 4; kill += 1) {
    const child = start(optionsOf(place));
    // From before the first segment to the last file; the beginning is mostly Node starting.
    await Promise.race([delay(1200 + Math.random() * 2500), child.ended()]);
    await child.end('SIGKILL');
    durable.push(await segmentRecords(place.out));
  }
  const report = await runBatch(optionsOf(place));
  expect(report.failures).toEqual([]);
  expect(await batchStatus(place.out)).toMatchObject({ files: 2, done: 2, waiting: 0 });
  for (const path of ['a/long.mkv', 'b.mp4']) {
    expect(await frameHashes(join(place.out, path))).toEqual(await frameHashes(join(undisturbed.out, path)));
  }
  // What was durable once was never done again: its record stays as it was, until a joined file needs it no more.
  for (const [index, { written, joined }] of durable.entries()) {
    const before = durable[index - 1];
    const gone = new Set<string>();
    for (const [record, time] of before?.written ?? []) {
      if (!written.has(record)) gone.add(dirname(record));
      else expect(written.get(record)).toBe(time);
    }
    expect(gone.size).toBeLessThanOrEqual(joined);
  }
  expect((await readdir(place.out)).sort()).toEqual(['.vidstyle', 'a', 'b.mp4']);
  for (const leftovers of ['temporary', 'work']) {
    expect(await readdir(join(place.out, '.vidstyle', leftovers)).catch(() => [])).toEqual([]);
  }
});

it('ends within moments of SIGTERM and loses no finished segment', async () => {
  const place = await makeArchive({ 'long.mkv': longClip(400) });
  const child = start(optionsOf(place));
  while ((await finishedSegments(place.out)) < 1) await delay(50);
  const asked = performance.now();
  await child.end('SIGTERM');
  expect(performance.now() - asked).toBeLessThan(20_000); // seconds on an idle machine
  expect(await child.outcome()).toMatchObject({ code: 'aborted' });
  expect((await batchStatus(place.out)).begun[0]?.segmentsDone).toBeGreaterThan(0);
  await expect(readFile(join(place.out, '.vidstyle/lock'))).rejects.toThrow('ENOENT');
});

it('loses one segment to a process that crashes, and no more', async () => {
  const place = await makeArchive({ 'long.mkv': longClip(30) });
  let killed = 0;
  const report = await runBatch({
    ...optionsOf(place),
    onProgress: ({ active }) => {
      if (killed > 0 || active[0]?.segment === undefined) return;
      killed = childOf(process.pid);
      if (killed > 0) process.kill(killed, 'SIGKILL');
    },
  });
  expect(killed).toBeGreaterThan(0);
  expect(report).toMatchObject({ done: 1, failures: [] });
  expect(await frameHashes(join(place.out, 'long.mkv'))).toHaveLength(30);
});

interface SegmentRecords {
  /** When each finished segment's record was written, by its path. */
  readonly written: ReadonlyMap<string, number>;
  /** Files that are whole. */
  readonly joined: number;
}

async function segmentRecords(out: string): Promise<SegmentRecords> {
  const entries = await readdir(out, { recursive: true }).catch(() => [] as string[]);
  const records = entries.filter((path) => /^\.vidstyle\/work\/.*\/\d+\.json$/.test(path));
  const times = await Promise.all(
    records.map(async (path) => [path, (await stat(join(out, path))).mtimeMs] as const),
  );
  return {
    written: new Map(times),
    joined: entries.filter((path) => /^(a\/long\.mkv|b\.mp4)$/.test(path)).length,
  };
}

/** How many segments of the only file are recorded. */
async function finishedSegments(out: string): Promise<number> {
  return (await segmentRecords(out)).written.size;
}

/** The process number of the task process that a process of ours has started. */
function childOf(parent: number): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const row = rows.find(
    (text) => text.includes('task-child.js') && text.trim().split(/\s+/)[1] === String(parent),
  );
  return Number(row?.trim().split(/\s+/)[0] ?? 0);
}
