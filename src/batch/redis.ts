import { readFileSync } from 'node:fs';
import { VidstyleError } from '../errors.js';
import type { Task } from './task.js';

/** BullMQ's keys in Redis begin with this. */
export const queuePrefix = 'vidstyle';

/** How to reach Redis, as BullMQ and ioredis take it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca?: Buffer };
  readonly maxRetriesPerRequest: null;
  readonly retryStrategy: (attempt: number) => number;
}

/** Work for a kind of device waits in a queue of its own, so that GPU work goes to GPUs. */
export function queueName(device: string): string {
  return `tasks-${device.replace(/[^a-z0-9]/gi, '_')}`;
}

/**
 * How to reach Redis: `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. The password may come from the
 * environment as `VIDSTYLE_REDIS_PASSWORD`, which no list of processes shows.
 *
 * @param ca file of certificates (PEM) that the server's may be signed by, instead of those that Node trusts
 * @throws VidstyleError `usage` for another address, or certificates that cannot be read; the message does not repeat the address,
 *   since it may hold the password
 */
export function redisConnection(
  address: string,
  ca?: string,
  env: NodeJS.ProcessEnv = process.env,
): RedisAddress {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw new VidstyleError('usage', 'Give Redis as redis://host:6379, or rediss://host for TLS.');
  }
  if (ca !== undefined && url.protocol !== 'rediss:')
    throw new VidstyleError('usage', 'Certificates are for TLS: give Redis as rediss://host.');
  const password = url.password === '' ? env['VIDSTYLE_REDIS_PASSWORD'] : decodeURIComponent(url.password);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(password !== undefined && { password }),
    ...(url.protocol === 'rediss:' && { tls: ca === undefined ? {} : { ca: readCertificates(ca) } }),
    // Redis may be restarted under our feet: commands wait for it to come back.
    maxRetriesPerRequest: null,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 2000),
  };
}

function readCertificates(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new VidstyleError('usage', `The certificates "${path}" cannot be read.`, { cause });
  }
}

/**
 * Reaches Redis once, so that a wrong address or password is told at the start.
 * @throws VidstyleError `engine` with one sentence
 */
export async function requireRedis(connection: RedisAddress): Promise<void> {
  const { Redis } = await import('ioredis');
  const options = { ...connection, maxRetriesPerRequest: 0, retryStrategy: () => null, lazyConnect: true };
  const redis = new Redis(options);
  let problem: unknown;
  redis.on('error', (error) => (problem = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const { message } = (problem ?? error) as Error;
    throw new VidstyleError('engine', `Redis cannot be used: ${message}.`);
  } finally {
    redis.disconnect();
  }
}

/** How a task waits: the same for whoever adds it, so that Redis has it once. */
export function jobOf(task: Task, id: string, retries: number) {
  const part = task.segment === undefined ? '' : `_${task.segment}`;
  return {
    name: task.kind,
    data: task,
    opts: {
      jobId: `${task.batch}_${task.kind}_${id}${part}`,
      attempts: retries + 1,
      backoff: { type: 'fixed', delay: 1000 },
      // What is done or given up stands in the journal; a finished job's number must be free for the next run.
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}
