import type { Redis } from 'ioredis';
import { VidstyleError } from '../errors.js';
import type { RedisAddress } from './redis.js';
import { version } from './task.js';

/** A worker as it announces itself. */
export interface WorkerCard {
  readonly id: string;
  readonly host: string;
  readonly device: string;
  readonly jobs: number;
  readonly version: string;
}

const workerKey = (id: string): string => `vidstyle:worker:${id}`;
const batchesKey = 'vidstyle:batches';
const announceEveryMs = 5000;

/** Says every few seconds that a worker is there; Redis forgets it soon after the last time. */
export function announceWorker(
  connection: RedisAddress,
  card: WorkerCard,
): { readonly stop: () => Promise<void> } {
  const redis = connect(connection);
  const announce = async (): Promise<void> => {
    const client = await redis;
    await client.set(workerKey(card.id), JSON.stringify(card), 'PX', 4 * announceEveryMs);
  };
  const timer = setInterval(() => void announce().catch(() => undefined), announceEveryMs);
  announce().catch(() => undefined);
  return {
    stop: async () => {
      clearInterval(timer);
      const client = await redis;
      await client.del(workerKey(card.id)).catch(() => undefined);
      client.disconnect();
    },
  };
}

/** The workers that are there. */
export async function listWorkers(connection: RedisAddress): Promise<WorkerCard[]> {
  const redis = await connect(connection);
  try {
    const keys = await redis.keys(workerKey('*'));
    const cards = keys.length === 0 ? [] : await redis.mget(keys);
    return cards.flatMap((text) => (text === null ? [] : [JSON.parse(text) as WorkerCard]));
  } finally {
    redis.disconnect();
  }
}

/** Says which version a batch is of, so that workers of others are told. */
export async function announceBatch(connection: RedisAddress, batch: string): Promise<void> {
  const redis = await connect(connection);
  await redis.hset(batchesKey, batch, version);
  redis.disconnect();
}

/** Whether a batch is still wanted. */
export async function isWanted(connection: RedisAddress, batch: string): Promise<boolean> {
  const redis = await connect(connection);
  const known = await redis.hexists(batchesKey, batch);
  redis.disconnect();
  return known === 1;
}

/** Forgets a batch that is over, or was stopped: workers then drop what is left of it. */
export async function forgetBatch(connection: RedisAddress, batch: string): Promise<void> {
  const redis = await connect(connection);
  await redis.hdel(batchesKey, batch);
  redis.disconnect();
}

/** @throws VidstyleError `setup` where there are batches, and all are of another version than this */
export async function requireVersion(connection: RedisAddress): Promise<void> {
  const redis = await connect(connection);
  const versions = Object.values(await redis.hgetall(batchesKey));
  redis.disconnect();
  if (versions.length === 0 || versions.includes(version)) return;
  const theirs = [...new Set(versions)].join(', ');
  throw new VidstyleError('setup', `This worker is vidstyle ${version}; the batches there are of ${theirs}: install that version here.`); // prettier-ignore
}

async function connect(connection: RedisAddress): Promise<Redis> {
  const { Redis: Client } = await import('ioredis');
  const client = new Client(connection);
  client.on('error', () => undefined); // it connects again by itself
  return client;
}
