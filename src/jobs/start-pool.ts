import { readFile } from 'node:fs/promises';
import type { EngineName } from '../engines/engine.js';
import { engineCandidates } from '../engines/candidates.js';
import { machineKey, modelDigest, recall, remember } from '../engines/remembered.js';
import { findOpenvino } from '../engines/openvino/library-places.js';
import { isVidstyleError } from '../errors.js';
import type { FrameGeometry } from '../media/index.js';
import { WorkerPool, type PoolOptions } from '../workers/pool.js';
import { startFastest } from './fastest-pool.js';
import type { ProcessOptions } from './options.js';
import type { NetworkPlan } from './process.js';

/** What a job's pool starts with. */
export interface PoolRequest {
  readonly plan: NetworkPlan;
  readonly geometry: FrameGeometry;
  readonly options: ProcessOptions;
  /** Decodes the input's first frames, for engines to be tried on. */
  readonly firstFrames: () => Promise<readonly Uint8Array[]>;
}

/**
 * Starts the worker threads of a job on the engine that the options name. `auto` takes the fastest of those that are
 * there, as measured on the input's first frames, or before on this machine with the same model and size.
 *
 * @throws VidstyleError as {@link WorkerPool.start}
 */
export async function startPool(request: PoolRequest): Promise<WorkerPool> {
  const { engine } = request.options;
  const options = poolOptions(request);
  if (engine !== 'auto') return WorkerPool.start({ ...options, ...(engine !== undefined && { engine }) });
  const candidates = await engineCandidates(request.options.device, request.options.openvino);
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0) return WorkerPool.start({ ...options, engine: only });
  return startMeasured(request, options, candidates);
}

async function startMeasured(
  { plan, geometry, options: { device, workers, threads, precision, openvino }, firstFrames }: PoolRequest,
  options: PoolOptions,
  candidates: readonly EngineName[],
): Promise<WorkerPool> {
  const model = modelDigest(await readFile(plan.model));
  // The file's name has the release in it.
  const library = candidates.includes('openvino') && (await findOpenvino(openvino));
  const what = { what: 'engine', model, geometry, candidates, device, workers, threads, precision, library };
  const key = machineKey(what);
  const word = await recall(key);
  const known = candidates.find((name) => name === word);
  if (known) {
    try {
      return await WorkerPool.start({ ...options, engine: known });
    } catch (error) {
      if (isVidstyleError(error) && error.code === 'aborted') throw error;
    }
  }
  const { pool, engine } = await startFastest(options, candidates, await firstFrames());
  await remember(key, engine);
  return pool;
}

function poolOptions({ plan, geometry, options }: PoolRequest): PoolOptions {
  const { device, precision, openvino, threads, workers, onNotice, signal } = options;
  return {
    session: {
      model: plan.model,
      geometry,
      ...(device !== undefined && { device }),
      ...(precision !== undefined && { precision }),
      ...(openvino !== undefined && { library: openvino }),
      ...(threads !== undefined && { threads }),
      ...(plan.style && { style: plan.style }),
      ...(plan.constants && { constants: plan.constants }),
      ...(plan.hints && { hints: plan.hints }),
    },
    strength: plan.strength ?? 1,
    compose: { keepColors: plan.keepColors ?? false, matchHistogram: plan.matchHistogram ?? false },
    ...(workers !== undefined && { workers }),
    ...(onNotice && { onNotice }),
    ...(signal && { signal }),
  };
}
