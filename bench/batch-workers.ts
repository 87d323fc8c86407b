/**
 * What several workers gain and how a dead one is replaced, with a Redis of the bench's own (Debian's redis-server):
 *
 *     node build/bench/batch-workers.js workers [ROUNDS]   two workers against one; the network only waits, 40 ms a frame
 *     node build/bench/batch-workers.js recovery [ROUNDS]  from kill -9 of a worker until another one takes its task
 */
import { QueueEvents } from 'bullmq';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runBatch } from '../src/batch/batch.js';
import { queueName, queuePrefix, redisConnection } from '../src/batch/redis.js';
import { spread } from '../src/evaluate/spread.js';
import { evenTimes } from '../test/fixtures/clips.js';
import { makeArchive } from '../test/batch/archive.js';
import { TestProcesses } from '../test/batch/processes.js';
import { RedisServer } from '../test/batch/redis-server.js';

const frames = 500;
const [what, rounds = '3'] = process.argv.slice(2);
const server = await RedisServer.start();
const processes = new TestProcesses();
try {
  if (what === 'workers') await workers(Number(rounds));
  else if (what === 'recovery') await recovery(Number(rounds));
  else console.error('Say workers or recovery.');
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
