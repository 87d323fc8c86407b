import { describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBatch, type BatchOptions } from '../../src/batch/batch.js';
import { batchStatus, cancelBatch, retryFailed } from '../../src/batch/status.js';
import { verifyOutput } from '../../src/media/index.js';
import { evenTimes } from '../fixtures/clips.js';
import { frameHashes, longClip, makeArchive, type TestArchive } from './archive.js';
import { SmallDisk } from './small-disk.js';

const run = ({ archive, out, work, presets }: TestArchive, options: Partial<BatchOptions> = {}) =>
  runBatch({ archive, out, work, segmentSeconds: 0.4, settings: { threads: 1, presets }, ...options });

describe('a batch', () => {
  it('keeps the tree, and cuts and joins long files with every frame, time and stream', async () => {
    const place = await makeArchive({
      'a/long.mkv': longClip(43),
      'a/b/long.mp4': { ...longClip(37), times: evenTimes(37).map((i) => i * 3 + (i % 2)), timeBase: { num: 1, den: 50 } }, // prettier-ignore
      'short.mp4': {},
    });
    const report = await run(place);
    expect(report).toMatchObject({ files: 3, done: 3, skipped: 0, failures: [] });
    for (const path of ['a/long.mkv', 'a/b/long.mp4', 'short.mp4']) {
      const rows = await verifyOutput(join(place.archive, path), join(place.out, path));
      expect(rows.filter(({ ok }) => !ok)).toEqual([]);
    }
    const record = await recordOf(place, 'a/long.mkv');
    expect(record).toMatchObject({ frames: 43, segments: 4, status: 'done' });
    expect(await readdir(join(place.out, '.vidstyle/work'))).toEqual([]);
    expect(await readdir(join(place.out, '.vidstyle/temporary'))).toEqual([]);
  });

  it('shows what the same restyling shows in one piece, within what the encoder loses', async () => {
    const place = await makeArchive({ 'long.mkv': longClip(40) });
    await run(place, { work: { ...place.work, crf: 0 } });
    const whole = { ...place, out: `${place.out}-whole` };
    await run(whole, { segmentSeconds: 100, work: { ...place.work, crf: 0 } });
    // At crf 0 x264 loses nothing: the frames themselves must be equal.
    expect(await frameHashes(join(place.out, 'long.mkv'))).toEqual(
      await frameHashes(join(whole.out, 'long.mkv')),
    );
  });

  it('skips what is done, by contents and not by name or date', async () => {
    const place = await makeArchive({ 'one.mp4': {}, 'two.mp4': {} });
    expect(await run(place)).toMatchObject({ done: 2 });
    expect(await run(place)).toMatchObject({ done: 0, skipped: 2 });
    await utimes(join(place.archive, 'one.mp4'), new Date(), new Date(1e12));
    expect(await run(place)).toMatchObject({ done: 0, skipped: 2 });
    const other = await makeArchive({ 'one.mp4': { times: evenTimes(12) } });
    await rename(join(other.archive, 'one.mp4'), join(place.archive, 'one.mp4'));
    expect(await run(place)).toMatchObject({ done: 1, skipped: 1 });
    await rm(join(place.out, 'two.mp4'));
    expect(await run(place)).toMatchObject({ done: 1, skipped: 1 });
    expect(await run(place, { work: { ...place.work, crf: 30 } })).toMatchObject({ done: 2, skipped: 0 });
  });

  it('records what cannot be done with its reason, does the rest, and tries it again when told', async () => {
    const place = await makeArchive({ 'good.mp4': {} });
    await writeFile(join(place.archive, 'bad.mp4'), 'no video at all, and never was one');
    const report = await run(place);
    expect(report).toMatchObject({ files: 2, done: 1 });
    expect(report.failures).toMatchObject([{ path: 'bad.mp4', code: 'input' }]);
    expect(await run(place)).toMatchObject({ done: 0, skipped: 1, failures: [{ path: 'bad.mp4' }] });
    expect(await batchStatus(place.out)).toMatchObject({ files: 2, done: 1, waiting: 0, failures: [{ path: 'bad.mp4' }] }); // prettier-ignore
    expect(await retryFailed(place.out)).toEqual(['bad.mp4']);
    expect(await batchStatus(place.out)).toMatchObject({ done: 1, waiting: 1, failures: [] });
    const other = await makeArchive({ 'bad.mp4': {} });
    await rename(join(other.archive, 'bad.mp4'), join(place.archive, 'bad.mp4'));
    expect(await run(place)).toMatchObject({ done: 1, skipped: 1, failures: [] });
    await expect(run({ ...place, out: `${place.out}-2` }, { work: { ...place.work, codec: 'none' } })).resolves.toMatchObject({ done: 0, failures: [{}, {}] }); // prettier-ignore
  });

  it('ends at the first file that cannot be done, if told to, and goes on with the others next time', async () => {
    const place = await makeArchive({ 'b.mp4': {}, 'c.mp4': {} });
    await writeFile(join(place.archive, 'a.mp4'), 'no video at all');
    await expect(run(place, { onError: 'stop' })).rejects.toMatchObject({ code: 'input' });
    expect(await batchStatus(place.out)).toMatchObject({
      done: 0,
      waiting: 2,
      failures: [{ path: 'a.mp4' }],
    });
    expect(await run(place, { onError: 'stop' })).toMatchObject({ done: 2, failures: [{ path: 'a.mp4' }] });
  });

  it('takes what patterns, limit and order say', async () => {
    const place = await makeArchive({ 'x/a.mp4': {}, 'x/b.mkv': {}, 'y/c.mp4': { times: evenTimes(40) } });
    await mkdir(join(place.archive, 'empty'));
    await writeFile(join(place.archive, 'x/notes.txt'), 'no video');
    const dry = (options: Partial<BatchOptions>) => run(place, { dryRun: true, ...options });
    expect(await dry({})).toMatchObject({ files: 3, forecast: { fits: true } });
    expect(await dry({ filter: ['**/*.mp4'] })).toMatchObject({ files: 2 });
    expect(await dry({ archive: `${place.archive}/x/*` })).toMatchObject({ files: 2 });
    expect(await dry({ limit: 1, order: 'largest' })).toMatchObject({
      files: 1,
      forecast: { tried: 'y/c.mp4' },
    });
    await expect(stat(place.out)).rejects.toThrow('ENOENT');
  });

  it('refuses a second batch on the same results while one is at work', async () => {
    const place = await makeArchive({ 'long.mp4': longClip(60) });
    let second: Promise<unknown> | undefined;
    await run(place, { onProgress: () => void (second ??= run(place).catch((error: unknown) => error)) });
    expect(await second).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('at work') as unknown,
    });
  });

  it('ends when it is cancelled, and goes on afterwards', async () => {
    const place = await makeArchive({ 'a.mp4': longClip(40), 'b.mp4': longClip(120) });
    let asked: Promise<void> | undefined;
    const ended = run(place, { onProgress: () => void (asked ??= cancelBatch(place.out)) });
    await expect(ended).rejects.toMatchObject({ code: 'aborted' });
    expect((await batchStatus(place.out)).waiting).toBeGreaterThan(0);
    expect((await run(place)).failures).toEqual([]);
    expect(await batchStatus(place.out)).toMatchObject({ done: 2, waiting: 0 });
  });

  it.each([
    ['before it begins', 0],
    ['on the way', 200 << 10],
  ])('waits while the disk is full %s, and goes on when there is room', async (_, freeBytes) => {
    const place = await makeArchive({ 'long.mp4': { ...longClip(40), width: 256, height: 192 } });
    const disk = await SmallDisk.mount(place.out, freeBytes);
    try {
      const work = { ...place.work, crf: 0 };
      expect(await run(place, { work, dryRun: true })).toMatchObject({ forecast: { fits: false } });
      const said: string[] = [];
      const report = await run(place, {
        work,
        pollMs: 50,
        retries: 0,
        onNotice: (sentence) => {
          said.push(sentence);
          if (sentence.includes('is full')) void disk.clear();
        },
      });
      expect(said).toEqual([
        expect.stringContaining(`The disk is full ("${place.out}")`),
        expect.stringContaining('room again'),
      ]);
      expect(report).toMatchObject({ done: 1, failures: [] });
    } finally {
      disk.unmount();
    }
  });
});

async function recordOf({ out }: TestArchive, path: string): Promise<unknown> {
  const folder = join(out, '.vidstyle/records');
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.json')) continue;
    const record = JSON.parse(await readFile(join(folder, name), 'utf8')) as { path: string };
    if (record.path === path) return record;
  }
  return undefined;
}
