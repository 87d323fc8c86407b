import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { runBatch, type BatchOptions } from '../../src/batch/batch.js';
import { queueName, queuePrefix, redisConnection } from '../../src/batch/redis.js';
import { Roster } from '../../src/batch/redis-roster.js';
import { batchStatus } from '../../src/batch/status.js';
import { packageRoot } from '../../src/paths.js';
import { frameHashes, longClip, makeArchive, type TestArchive } from './archive.js';
import { TestProcesses, type TestProcess } from './processes.js';
import { RedisServer } from './redis-server.js';
import { SmallDisk } from './small-disk.js';

let server: RedisServer;
const processes = new TestProcesses();
const queues: Queue[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});

afterEach(async () => {
  await Promise.all([processes.endAll(), ...queues.splice(0).map((queue) => queue.close())]);
});

afterAll(() => server.stop());

/** The queue of a device, closed after the test. */
function openQueue(device = 'cpu'): Queue {
  const queue = new Queue(queueName(device), {
    connection: redisConnection(server.url),
    prefix: queuePrefix,
  });
  queues.push(queue);
  return queue;
}

const optionsOf = ({ archive, out, work, presets }: TestArchive): BatchOptions => ({
  ...{ archive, out, work },
  segmentSeconds: 0.4,
  settings: { threads: 1, presets },
});

const onRedis = (place: TestArchive): Promise<unknown> =>
  runBatch({ ...optionsOf(place), redis: server.url });

/** A worker without the presets of the batch: it gets them by their digest. */
function startWorker({ archive }: TestArchive, more: object = {}): TestProcess {
  const own = { redis: server.url, roots: [dirname(archive)], lockMs: 3000, settings: { threads: 1 } };
  return processes.start('worker', { ...own, ...more });
}

/** An archive, and the frames that its files have when nothing disturbs the batch. */
async function undisturbed(): Promise<{ place: TestArchive; expectSame: () => Promise<void> }> {
  const place = await makeArchive({ 'a/long.mkv': longClip(48), 'b.mp4': longClip(25) });
  const calm = { ...place, out: `${place.out}-calm` };
  await runBatch(optionsOf(calm));
  const expectSame = async (): Promise<void> => {
    for (const path of ['a/long.mkv', 'b.mp4'])
      expect(await frameHashes(join(place.out, path))).toEqual(await frameHashes(join(calm.out, path)));
    expect((await readdir(place.out)).sort()).toEqual(['.vidstyle', 'a', 'b.mp4']);
    expect(await batchStatus(place.out)).toMatchObject({ files: 2, done: 2, waiting: 0, failures: [] });
  };
  return { place, expectSame };
}

it('does the same as one machine, though workers are killed, Redis is, clocks jump and two coordinators want it', async () => {
  const { place, expectSame } = await undisturbed();
  startWorker(place, { clockJumpMs: -86_400_000 });
  const both = Promise.all([onRedis(place), onRedis(place)]);
  for (let kill = 0; kill < 3; kill += 1) {
    const victim = startWorker(place, { clockJumpMs: 86_400_000 });
    await delay(1500 + Math.random() * 1500);
    await victim.end('SIGKILL');
    if (kill === 1) await server.restart();
  }
  expect(await both).toMatchObject([{ failures: [] }, { failures: [] }]);
  await expectSame();
});

it('does a task that is delivered twice, or again after all is done, without harm', async () => {
  const { place, expectSame } = await undisturbed();
  startWorker(place, { jobs: 2 });
  const work = onRedis(place);
  const queue = openQueue();
  let twice: unknown;
  while (twice === undefined) {
    const [job] = await queue.getJobs(['active', 'waiting']);
    if (job) twice = await queue.add(job.name, job.data, { removeOnComplete: true });
    await delay(20);
  }
  expect(await work).toMatchObject({ failures: [] });
  while (Object.values(await queue.getJobCounts('active', 'waiting')).some((count) => count > 0))
    await delay(50);
  await expectSame();
});

it('refuses what no task may ask for, and opens nothing outside the named folders', async () => {
  const place = await makeArchive({ 'a.mp4': {} });
  const outside = await makeArchive({ 'secret.mp4': {} });
  await mkdir(join(place.archive, 'links'));
  await symlink(outside.archive, join(place.archive, 'links/out'));
  startWorker(place);
  await onRedis(place);
  const queue = openQueue();
  const roster = await Roster.open(redisConnection(server.url));
  await roster.announceBatch('deadbeef');
  roster.close();
  const model = { sha256: '0'.repeat(64), ending: '.onnx' };
  const task = {
    ...{
      kind: 'file',
      batch: 'deadbeef',
      version: '0.1.0',
      segmentSeconds: 30,
      path: 'a.mp4',
      output: 'b.mp4',
    },
    ...{ source: place.archive, out: place.out, spec: { command: 'restyle', model } },
  };
  const hostile: readonly (readonly [object, RegExp])[] = [
    [{ ...task, path: '../secret.mp4' }, /no task/],
    [{ ...task, output: '/etc/cron.d/x.mp4' }, /no task/],
    [{ ...task, spec: { ...task.spec, encoderOptions: { stats: '/tmp/x' } } }, /no task/],
    [{ ...task, spec: { ...task.spec, style: '/etc/passwd' } }, /no task/],
    [{ ...task, run: 'rm -rf /' }, /no task/],
    [{ ...task, source: outside.archive }, /outside the folders/],
    [{ ...task, out: outside.out }, /outside the folders/],
    [{ ...task, source: `${place.archive}/../../` }, /outside the folders/],
    [{ ...task, source: join(place.archive, 'links/out') }, /outside the folders/],
    [{ ...task, source: 's3://somebody/else' }, /outside the folders/],
    [{ ...task, out: 's3://' }, /outside the folders/],
    [{ ...task, out: 'relative' }, /outside the folders/],
    [{ ...task, path: 'links/out/secret.mp4' }, /leads out/],
    [task, /neither a preset/],
  ];
  for (const [data, sentence] of hostile) {
    const job = await queue.add('file', data);
    while ((await job.getState()) !== 'failed') await delay(30);
    expect((await queue.getJob(job.id ?? ''))?.failedReason).toMatch(sentence);
  }
  expect(await readdir(dirname(outside.archive))).toEqual(['archive']);
});

it('leaves tasks for another device, or of another version, to those whom they are for', async () => {
  const place = await makeArchive({ 'a.mp4': {} });
  startWorker(place);
  const notices: string[] = [];
  const settings = { ...optionsOf(place).settings, device: 'made-up' };
  const onNotice = (sentence: string): void => void notices.push(sentence);
  const work = runBatch({ ...optionsOf(place), redis: server.url, settings, onNotice });
  const [cpu, other] = [openQueue(), openQueue('made-up')];
  while ((await other.count()) === 0) await delay(20);
  const [task] = await other.getJobs(['waiting']);
  // By the time that the worker has put this aside, it would have taken the one above.
  const old = await cpu.add('file', { ...(task?.data as object), version: '0.0.1' });
  while ((await old.getState()) !== 'delayed') await delay(20);
  expect(await other.getJobCounts('waiting', 'active')).toMatchObject({ waiting: 1, active: 0 });
  expect(notices.join()).toContain('No worker with the device made-up is there yet');
  expect(await batchStatus(place.out)).toMatchObject({ done: 0, failures: [] });
  await old.remove();
  // ONNX Runtime knows no such device: what counts is who took the task.
  startWorker(place, { device: 'made-up' });
  expect(await work).toMatchObject({ failures: [{ path: 'a.mp4' }] });
});

it('ends at the first file that cannot be done, if told to, and leaves nothing to be done', async () => {
  const place = await makeArchive({ 'b.mp4': longClip(60), 'c.mp4': longClip(60) });
  await writeFile(join(place.archive, 'a.mp4'), 'no video');
  startWorker(place);
  await expect(runBatch({ ...optionsOf(place), redis: server.url, onError: 'stop' })).rejects.toMatchObject({
    message: expect.stringContaining('a.mp4') as unknown,
  });
  const queue = openQueue();
  while ((await queue.count()) + (await queue.getActiveCount()) > 0) await delay(50);
  expect((await batchStatus(place.out)).done).toBeLessThan(2);
});

it('gives its segment back at SIGTERM, and another worker takes it', async () => {
  const { place, expectSame } = await undisturbed();
  const first = startWorker(place);
  const work = onRedis(place);
  while ((await batchStatus(place.out).catch(() => undefined))?.begun.length !== 1) await delay(50);
  await first.end('SIGTERM');
  startWorker(place);
  expect(await work).toMatchObject({ failures: [] });
  await expectSame();
});

it('puts a task aside while its disk is full, and does it when there is room', async () => {
  const place = await makeArchive({ 'long.mp4': { ...longClip(40), width: 256, height: 192 } });
  const disk = await SmallDisk.mount(place.out, 200 << 10);
  try {
    const worker = startWorker(place);
    const options = { ...optionsOf(place), work: { ...place.work, crf: 0 }, retries: 0 };
    const work = runBatch({ ...options, redis: server.url });
    await worker.noticed(/^The disk is full: "long\.mp4" waits\.$/m);
    await disk.clear();
    expect(await work).toMatchObject({ failures: [] });
    expect(await batchStatus(place.out)).toMatchObject({ done: 1, failures: [] });
  } finally {
    await processes.endAll();
    disk.unmount();
  }
});

it('keeps its tasks in the lists by whose length the Kubernetes example scales workers', async () => {
  const page = await readFile(join(packageRoot, 'docs/batch.md'), 'utf8');
  const [waiting = '', active = ''] = [...page.matchAll(/listName: (\S+)/g)].map(([, name = '']) => name);
  const place = await makeArchive({ 'long.mp4': longClip(60) });
  const redis = new Redis(server.url);
  const work = onRedis(place);
  while ((await redis.llen(waiting)) !== 1) await delay(10);
  startWorker(place);
  while ((await redis.llen(active)) !== 1) await delay(10);
  expect(await work).toMatchObject({ failures: [] });
  expect([await redis.llen(waiting), await redis.llen(active)]).toEqual([0, 0]);
  redis.disconnect();
});

it('forgets in time a batch whose command and workers are gone for good, and does it when it is asked for again', async () => {
  const place = await makeArchive({ 'a.mp4': {} });
  const redis = new Redis(server.url);
  const roster = await Roster.open(redisConnection(server.url));
  const queue = openQueue();
  await redis.del('', ...(await redis.keys('vidstyle:batch:*')));
  const gone = processes.start('batch', { ...optionsOf(place), redis: server.url });
  while ((await queue.count()) === 0) await delay(20);
  await gone.end('SIGKILL');
  const [key = ''] = await redis.keys('vidstyle:batch:*');
  const batch = key.split(':')[2] ?? '';
  // Whoever does something for it prolongs it: work that goes on without the command is not dropped.
  await redis.pexpire(key, 60_000);
  expect(await roster.isWanted(batch)).toBe(true);
  expect(await redis.pttl(key)).toBeGreaterThan(23 * 3600 * 1000);
  await redis.pexpire(key, 1); // as a day without command and workers
  while ((await redis.exists(key)) > 0) await delay(5);
  expect(await roster.isWanted(batch)).toBe(false);
  startWorker(place);
  while ((await queue.count()) + (await queue.getActiveCount()) > 0) await delay(20);
  expect(await batchStatus(place.out)).toMatchObject({ done: 0, failures: [] });
  expect(await onRedis(place)).toMatchObject({ failures: [] });
  expect(await batchStatus(place.out)).toMatchObject({ done: 1 });
  expect(await redis.keys('vidstyle:batch:*')).toEqual([]);
  roster.close();
  redis.disconnect();
});

it('refuses a worker of another version, and a wrong password, in one sentence without the password', async () => {
  const place = await makeArchive({ 'a.mp4': {} });
  const redis = new Redis(server.url);
  await redis.del('', ...(await redis.keys('vidstyle:batch:*')));
  await redis.set('vidstyle:batch:other', '9.9.9');
  expect(await startWorker(place).outcome()).toMatchObject({
    code: 'setup',
    message: expect.stringMatching(
      /This worker is vidstyle 0\.1\.0; the batches there are of 9\.9\.9/,
    ) as unknown,
  });
  await redis.del('vidstyle:batch:other');
  redis.disconnect();
  const wrong = await startWorker(place, { redis: server.url.replace('secret', 'hunter2') }).outcome();
  expect(wrong).toMatchObject({
    code: 'engine',
    message: expect.stringMatching(/^Redis cannot be used: /) as unknown,
  });
  expect(JSON.stringify(wrong)).not.toContain('hunter2');
});
