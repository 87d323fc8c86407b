import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runBatch } from '../../src/batch/batch.js';
import { openStore } from '../../src/batch/open-store.js';
import { batchStatus } from '../../src/batch/status.js';
import { frameHashes, longClip, makeArchive, type TestArchive } from './archive.js';
import { TestProcesses, type ChildPart, type TestProcess } from './processes.js';
import { RedisServer } from './redis-server.js';
import { S3Server } from './s3-server.js';
import { SmallDisk } from './small-disk.js';

let redis: RedisServer;
let s3: S3Server;
let calm: TestArchive;
let temporary: string;
const paths = ['a/long.mkv', 'b.mp4'];
const processes = new TestProcesses();

beforeAll(async () => {
  [redis, s3] = await Promise.all([RedisServer.start(), S3Server.start()]);
  Object.assign(process.env, s3.env);
  temporary = await mkdtemp(join(tmpdir(), 'vidstyle-s3-scratch-'));
  calm = await makeArchive({ 'a/long.mkv': longClip(48), 'b.mp4': longClip(25) });
  await runBatch(optionsOf(calm.archive, calm.out));
  await upload(calm.archive, paths, 's3://archives/in');
});

afterEach(() => processes.endAll());

afterAll(() => Promise.all([redis.stop(), s3.stop()]));

const optionsOf = (archive: string, out: string) => ({
  ...{ archive, out, work: calm.work, segmentSeconds: 0.4 },
  settings: { threads: 1, presets: calm.presets },
});

const start = (part: ChildPart, options: object, folder = temporary): TestProcess =>
  processes.start(part, options, { ...s3.env, TMPDIR: folder });

async function upload(folder: string, files: readonly string[], to: string): Promise<void> {
  const store = openStore(to);
  for (const path of files) {
    const copy = await store.temporary(path);
    await copyFile(join(folder, path), copy);
    await store.publish(copy, path);
  }
}

async function expectSame(out: string): Promise<void> {
  const store = openStore(out);
  for (const path of paths) {
    const copy = await store.open(path);
    expect(await frameHashes(copy.path)).toEqual(await frameHashes(join(calm.out, path)));
    await copy.release();
  }
  expect(await batchStatus(out)).toMatchObject({ files: 2, done: 2, waiting: 0, failures: [] });
  for await (const { path } of store.list('.vidstyle/work')) expect(path).toBe('nothing');
}

it('reads from S3 and writes to it what one machine would, goes on after kill -9, and leaves no copies behind', async () => {
  const options = optionsOf('s3://archives/in', 's3://archives/out');
  const killed = start('batch', options);
  while ((await batchStatus(options.out).catch(() => undefined))?.begun.length !== 1) await delay(50);
  await killed.end('SIGKILL');
  expect(await start('batch', options).outcome()).toMatchObject({ done: 2, failures: [] });
  await expectSame(options.out);
  const last = start('batch', options);
  expect(await last.outcome()).toMatchObject({ done: 0, skipped: 2 });
  await last.ended();
  expect(await readdir(join(temporary, 'vidstyle-scratch'))).toEqual([]);
});

it('is shared by workers, one of which is killed', async () => {
  const out = 's3://archives/shared';
  const worker = { redis: redis.url, lockMs: 3000, settings: { threads: 1 } };
  const roots = ['s3://archives/in', out];
  const victim = start('worker', { ...worker, roots });
  const work = start('batch', { ...optionsOf('s3://archives/in', out), redis: redis.url });
  while ((await batchStatus(out).catch(() => undefined))?.begun.length !== 1) await delay(50);
  await victim.end('SIGKILL');
  start('worker', { ...worker, roots });
  expect(await work.outcome()).toMatchObject({ failures: [] });
  await expectSame(out);
});

it.each(['batch', 'worker'] as const)('waits while the disk for copies of a %s is full', async (part) => {
  const out = `s3://archives/full-${part}`;
  const folder = `${temporary}-${part}`;
  const disk = await SmallDisk.mount(folder, 16 << 10);
  try {
    const options = { ...optionsOf('s3://archives/in', out), retries: 0, pollMs: 50 };
    // Now the network is beside the results, and what the disk is too small for is the first source.
    await start('batch', { ...options, filter: ['none'] }).outcome();
    const worker = { redis: redis.url, settings: { threads: 1 }, roots: ['s3://archives/in', out] };
    const full = part === 'batch' ? start('batch', options, folder) : start('worker', worker, folder);
    const work = part === 'batch' ? full : start('batch', { ...options, redis: redis.url });
    await full.noticed(/The disk is full/);
    await disk.clear();
    expect(await work.outcome()).toMatchObject({ failures: [] });
    await expectSame(out);
  } finally {
    await processes.endAll();
    disk.unmount();
  }
});

it('says in one sentence what is wrong with a bucket or credentials, without them', async () => {
  const missing = await start('batch', optionsOf('s3://nowhere/in', 's3://archives/x')).outcome();
  expect(missing).toMatchObject({ code: 'engine', message: expect.stringMatching(/^"s3:\/\/nowhere\/in" cannot be used: NoSuchBucket/) as unknown }); // prettier-ignore
  const wrong = optionsOf('s3://ARCHIVES', 's3://archives/x');
  expect(await start('batch', wrong).outcome()).toMatchObject({ code: 'usage', message: '"s3://ARCHIVES": give s3://bucket/prefix.' }); // prettier-ignore
});
