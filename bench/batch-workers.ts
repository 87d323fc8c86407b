/**
 * What several workers gain and how a dead one is replaced, with a Redis of the bench's own (Debian's redis-server):
 *
 *     node build/bench/batch-workers.js workers [ROUNDS]   two workers against one; the network only waits, 40 ms a frame
 *     node build/bench/batch-workers.js recovery [ROUNDS]  from kill -9 of a worker until another one takes its task
 *     node build/bench/batch-workers.js simulated [ROUNDS [WAIT]]  tasks a second of 1 to 64 workers, in one process, whose tasks
 *                                                          only wait so many milliseconds (100): what Redis and the queue allow
 */
import { QueueEvents } from 'bullmq';
import { randomBytes } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runBatch } from '../src/batch/batch.js';
import { openStore } from '../src/batch/open-store.js';
import { runOnRedis } from '../src/batch/redis-queue.js';
import { queueName, queuePrefix, redisConnection } from '../src/batch/redis.js';
import { version, type Task, type TaskResult } from '../src/batch/task.js';
import { serveTasks } from '../src/batch/worker.js';
import { spread } from '../src/evaluate/spread.js';
import { evenTimes } from '../test/fixtures/clips.js';
import { makeArchive } from '../test/batch/archive.js';
import { TestProcesses } from '../test/batch/processes.js';
import { RedisServer } from '../test/batch/redis-server.js';

const frames = 500;
const segmentsOfFile = 8;
// How to cut it, its segments, and the join.
const tasksOfFile = segmentsOfFile + 2;
const [what, rounds = '3', wait = '100'] = process.argv.slice(2);
const server = await RedisServer.start();
const processes = new TestProcesses();
try {
  if (what === 'workers') await workers(Number(rounds));
  else if (what === 'recovery') await recovery(Number(rounds));
  else if (what === 'simulated') await simulated(Number(rounds), Number(wait));
  else console.error('Say workers, recovery or simulated.');
} finally {
  await processes.endAll();
  await server.stop();
}

async function workers(rounds: number): Promise<void> {
  const place = await makeArchive({ 'a.mp4': { times: evenTimes(frames) } });
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const seconds: number[] = [];
    for (const count of [1, 2]) {
      const settings = { threads: 1, engine: waitingEngine(40), presets: place.presets };
      for (let at = 0; at < count; at += 1) startWorker(place.archive, settings);
      const started = performance.now();
      const out = `${place.out}-${round}-${count}`;
      await runBatch({ ...place, out, segmentSeconds: 2.5, redis: server.url });
      seconds.push((performance.now() - started) / 1000);
      await processes.endAll();
    }
    const [one = NaN, two = NaN] = seconds;
    ratios.push(one / two);
    console.log(`${frames} frames: one worker ${one.toFixed(1)} s, two ${two.toFixed(1)} s`);
  }
  console.log(`two workers are ${spread(ratios, 2)} times as fast`);
}

async function recovery(rounds: number): Promise<void> {
  const seconds: number[] = [];
  const events = new QueueEvents(queueName('cpu'), {
    connection: redisConnection(server.url),
    prefix: queuePrefix,
  });
  for (let round = 0; round < rounds; round += 1) {
    const place = await makeArchive({ 'a.mp4': { times: evenTimes(100) } });
    const settings = { threads: 1, engine: waitingEngine(50), presets: place.presets };
    const first = startWorker(place.archive, settings);
    const taken = once(events, 'active');
    const work = runBatch({ ...place, segmentSeconds: 100, redis: server.url });
    await taken;
    startWorker(place.archive, settings);
    await delay(3000); // until the second one waits for tasks
    const takenAgain = once(events, 'active');
    const killed = performance.now();
    await first.end('SIGKILL');
    await takenAgain;
    seconds.push((performance.now() - killed) / 1000);
    await work;
    await processes.endAll();
  }
  await events.close();
  console.log(`a killed worker's task is taken over after ${spread(seconds)} s`);
}

async function simulated(rounds: number, waitMs: number): Promise<void> {
  for (const count of [1, 4, 16, 64]) {
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const tasks = await simulatedTasks(Math.ceil((count * 10_000) / waitMs / tasksOfFile));
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const work = Array.from({ length: count }, () =>
        serveTasks({ redis: server.url, roots: ['/'], signal: stop.signal }, waitInstead(waitMs)),
      );
      await delay(1000); // until all are there
      const started = performance.now();
      await runOnRedis(tasks, {
        ...{ connection: redisConnection(server.url), device: 'cpu', retries: 0, stopOnError: false },
        out: openStore(tasks[0]?.out ?? ''),
        listener: { progressed: () => undefined, succeeded: () => undefined, failed: console.error },
        onNotice: console.error,
        signal: stop.signal,
        cancelled: new AbortController().signal,
      });
      rates.push((tasks.length * tasksOfFile * 1000) / (performance.now() - started));
      stop.abort();
      await Promise.all(work);
    }
    const ideal = (count * 1000) / waitMs;
    console.log(`${count} workers: ${spread(rates, 1)} tasks/s, of ${ideal} that the waits allow`);
  }
}

async function simulatedTasks(files: number): Promise<Task[]> {
  const out = await mkdtemp(join(tmpdir(), 'vidstyle-bench-batch-'));
  const model = { sha256: '0'.repeat(64), ending: '.onnx' as const };
  const spec = { command: 'restyle' as const, model };
  const batch = randomBytes(8).toString('hex');
  return Array.from({ length: files }, (_, at) => {
    const path = `${at}.mp4`;
    return { kind: 'file', batch, version, source: out, out, path, output: path, spec, segmentSeconds: 30 };
  });
}

/** What a task leads to, after a wait and nothing else. */
function waitInstead(milliseconds: number) {
  return async ({ kind }: Task): Promise<TaskResult> => {
    await delay(milliseconds);
    if (kind === 'segment') return { type: 'segment', frames: 1 };
    if (kind === 'join') return { type: 'done', frames: segmentsOfFile };
    return { type: 'split', segments: segmentsOfFile, missing: [...Array(segmentsOfFile).keys()] };
  };
}

function startWorker(archive: string, settings: object) {
  return processes.start('worker', { redis: server.url, roots: [dirname(archive)], settings });
}

/** A network that takes its time and leaves pictures as they are: the work of a graphics card, as seen from its machine. */
function waitingEngine(milliseconds: number): string {
  const module = `export const engine = {
    name: 'onnxruntime',
    open: async ({ geometry: outputGeometry }) => ({
      outputGeometry,
      description: 'waits',
      run: async (input, output) => {
        await new Promise((resolve) => setTimeout(resolve, ${milliseconds}));
        output.set(input);
      },
      setStyle: () => undefined,
      close: async () => undefined,
    }),
  };`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}
