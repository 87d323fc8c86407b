import { statSync } from 'node:fs';
import type { WorkerPool } from '../workers/pool.js';
import { startPool, type PoolRequest } from './start-pool.js';

/** What is remembered of a pool. */
interface Origin {
  readonly key: string;
  /** What the pool had to say so far: the next job's user wants to know, too. */
  readonly notices: string[];
  tell: (notice: string) => void;
}

/**
 * Keeps the last job's network open, so that a next one that asks for the same begins at once: for one job after the other, all
 * with this as their option `pools`.
 */
export class PoolKeeper implements AsyncDisposable {
  private readonly origins = new WeakMap<WorkerPool, Origin>();
  private kept: WorkerPool | undefined;

  /**
   * The pool that is kept, if it is what is asked for, or else a new one. Whoever takes it closes it or gives it back.
   * @throws VidstyleError as {@link WorkerPool.start}
   * @internal for jobs
   */
  async take(request: PoolRequest): Promise<WorkerPool> {
    const key = keyOf(request);
    const { kept } = this;
    this.kept = undefined;
    const origin = kept && this.origins.get(kept);
    if (!kept || origin?.key !== key) {
      await kept?.close(); // first, so that memory holds one network and not two
      return this.start(request, key);
    }
    origin.tell = request.options.onNotice ?? ignore;
    for (const notice of origin.notices) origin.tell(notice);
    return kept;
  }

  /**
   * Takes back a pool that was taken, and whose job went well.
   * @internal for jobs
   */
  async giveBack(pool: WorkerPool): Promise<void> {
    const former = this.kept;
    this.kept = pool;
    await former?.close();
  }

  /** Closes the pool that is kept; idempotent. */
  async close(): Promise<void> {
    const { kept } = this;
    this.kept = undefined;
    await kept?.close();
  }

  /** Closes the pool that is kept. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async start(request: PoolRequest, key: string): Promise<WorkerPool> {
    const origin: Origin = { key, notices: [], tell: request.options.onNotice ?? ignore };
    const onNotice = (notice: string): void => {
      origin.notices.push(notice);
      origin.tell(notice);
    };
    const pool = await startPool({ ...request, options: { ...request.options, onNotice } });
    this.origins.set(pool, origin);
    return pool;
  }
}

/** Everything that a pool is started with; a model by its file's state, too. */
function keyOf({ plan, geometry, options }: PoolRequest): string {
  const { engine, device, precision, openvino, threads, workers } = options;
  const { mask: _mask, steady: _steady, ...network } = plan;
  const { size, mtimeMs } = statSync(plan.model, { throwIfNoEntry: false }) ?? {};
  const file = { size, mtimeMs };
  return JSON.stringify({ network, file, geometry, engine, device, precision, openvino, threads, workers });
}

function ignore(): void {
  // Nobody wants to know.
}
