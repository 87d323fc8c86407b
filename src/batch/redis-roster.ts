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
const batchKey = (batch: string): string => `vidstyle:batch:${batch}`;
const announceEveryMs = 5000;
// Of a batch that nobody looks on at and no worker does anything for: its command died, and so did the workers.
const leaseMs = 24 * 3600 * 1000;

/** Who is there, and which batches are wanted, as Redis knows it. What nobody says again is forgotten. */
export class Roster {
  private constructor(private readonly redis: Redis) {}

  static async open(connection: RedisAddress): Promise<Roster> {
    const { Redis: Client } = await import('ioredis');
    const client = new Client(connection);
    client.on('error', () => undefined); // it connects again by itself
    return new Roster(client);
  }

  /** Says every few seconds that a worker is there; Redis forgets it soon after the last time. */
  announceWorker(card: WorkerCard): { readonly stop: () => Promise<void> } {
    const announce = (): void => {
      this.redis
        .set(workerKey(card.id), JSON.stringify(card), 'PX', 4 * announceEveryMs)
        .catch(() => undefined);
    };
    const timer = setInterval(announce, announceEveryMs);
    announce();
    return {
      stop: async () => {
        clearInterval(timer);
        await this.redis.del(workerKey(card.id)).catch(() => undefined);
      },
    };
  }

  /** The workers that are there. */
  async listWorkers(): Promise<WorkerCard[]> {
    return (await this.valuesOf(workerKey('*'))).map((text) => JSON.parse(text) as WorkerCard);
  }

  /** Says that a batch is wanted, and of which version it is, so that workers of others are told. */
  async announceBatch(batch: string): Promise<void> {
    await this.redis.set(batchKey(batch), version, 'PX', leaseMs);
  }

  /** Whether a batch is still wanted; whoever asks does something for it, so that it goes on to be. */
  async isWanted(batch: string): Promise<boolean> {
    return (await this.redis.pexpire(batchKey(batch), leaseMs)) === 1;
  }

  /** Forgets a batch that is over, or was stopped: workers then drop what is left of it. */
  async forgetBatch(batch: string): Promise<void> {
    await this.redis.del(batchKey(batch));
  }

  /** @throws VidstyleError `setup` where there are batches, and all are of another version than this */
  async requireVersion(): Promise<void> {
    const versions = await this.valuesOf(batchKey('*'));
    if (versions.length === 0 || versions.includes(version)) return;
    const theirs = [...new Set(versions)].join(', ');
    throw new VidstyleError('setup', `This worker is vidstyle ${version}; the batches there are of ${theirs}: install that version here.`); // prettier-ignore
  }

  /** Idempotent. */
  close(): void {
    this.redis.disconnect();
  }

  private async valuesOf(pattern: string): Promise<string[]> {
    const keys = await this.redis.keys(pattern);
    const values = keys.length === 0 ? [] : await this.redis.mget(keys);
    return values.filter((value) => value !== null);
  }
}
