import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../paths.js';
import { messageOf, VidstyleError } from '../errors.js';
import type { Tf } from '../nets/tfjs.js';
import type { Engine } from './engine.js';
import { openImageSession } from './image-session.js';
import type { TensorRequest, TensorSession } from './tensor.js';
import { openOnTensorFlow } from './tfjs-backend.js';

/** TensorFlow through TensorFlow.js: runs vidstyle's own networks, the way the trainer does. */
export const engine: Engine = {
  name: 'tfjs',
  open: (options) => openImageSession(options, { open, readsParameters: true }),
};

async function open(request: TensorRequest): Promise<TensorSession> {
  const { device = 'cpu' } = request;
  if (device !== 'cpu' && device !== 'cuda') {
    throw new VidstyleError('usage', `There is no device "${device}"; TensorFlow.js knows cpu, cuda.`);
  }
  const notices: string[] = [];
  const fallBack = (reason: string): void => {
    notices.push(`The device cuda cannot be used (${reason.replace(/\.$/, '')}); trying cpu.`);
  };
  const tf = device === 'cuda' ? loadForCuda(fallBack) : loadTensorFlow({ gpu: false });
  await tf.ready();
  const { isUsingGpuDevice = false } = tf.backend() as { isUsingGpuDevice?: boolean };
  if (device === 'cuda' && notices.length === 0 && !isUsingGpuDevice) fallBack('TensorFlow finds no card');
  return openOnTensorFlow(tf, isUsingGpuDevice ? 'cuda' : 'cpu', request, notices);
}

function loadForCuda(fallBack: (reason: string) => void): NodeTf {
  try {
    return loadTensorFlow({ gpu: true });
  } catch (error) {
    fallBack(messageOf(error));
    return loadTensorFlow();
  }
}

/** TensorFlow.js with Node's native library, which adds TensorBoard summaries. */
export type NodeTf = Tf & {
  readonly node: {
    summaryFileWriter(folder: string): {
      scalar(name: string, value: number, step: number): void;
      flush(): void;
    };
  };
};

/** TensorFlow.js for training: on TensorFlow's library, which adds summaries, or on XLA. */
export type TrainingTf = Tf & Partial<NodeTf>;

export interface TrainingBackend {
  /** Insist on TensorFlow's library for GPUs. */
  readonly gpu?: boolean | undefined;
  /** XLA on an accelerator: true, or the file of its plugin. */
  readonly xla?: boolean | string | undefined;
}

/**
 * What training computes with.
 * @throws VidstyleError `setup` if it is not there; `engine` if XLA finds no accelerator
 */
export async function loadForTraining({ gpu, xla }: TrainingBackend): Promise<TrainingTf> {
  if (xla === undefined || xla === false) return loadTensorFlow(gpu ? { gpu: true } : {});
  const { loadXla } = await import('./xla/load.js');
  const { tf } = loadFirst(
    resolvedFrom(['@tensorflow/tfjs']),
    () => 'TensorFlow.js, which training needs, is not set up: run "vidstyle setup training".',
  );
  return loadXla(tf, xla === true ? undefined : xla);
}

const gpuPackage = '@tensorflow/tfjs-node-gpu';
let loaded: { readonly tf: NodeTf; readonly name: string } | undefined;

/**
 * Loads TensorFlow: `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node` from the project that uses
 * vidstyle, else from what `vidstyle setup training` put into the user's cache. A thread has one of them, the first that
 * was loaded.
 *
 * @param options.gpu true: only the package for GPUs will do; false: rather the one for CPUs; default: rather the one for GPUs
 * @throws VidstyleError `setup` if there is none, or none that works on this Node
 */
export function loadTensorFlow(options: { readonly gpu?: boolean } = {}): NodeTf {
  if (loaded && options.gpu && loaded.name !== gpuPackage) {
    throw new VidstyleError('setup', 'TensorFlow for GPUs cannot be loaded beside the one for CPUs.');
  }
  if (loaded) return loaded.tf;
  // TensorFlow 2.15 leaves oneDNN off where the CPU lacks AVX-512; gradients of convolutions are much slower without it.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const found = loadFirst(packages(options.gpu), () =>
    options.gpu
      ? 'TensorFlow for GPUs is not set up: run "vidstyle setup training --gpu".'
      : 'TensorFlow, which training and the tfjs engine need, is not set up: run "vidstyle setup training".',
  );
  loaded = { tf: found.tf as NodeTf, name: found.name };
  return loaded.tf;
}

/** Whether {@link loadTensorFlow} would find a package; it is not loaded. */
export function hasTensorFlow(options: { readonly gpu?: boolean } = {}): boolean {
  return packages(options.gpu).some(([name, require]) => {
    try {
      return require.resolve(name) !== '';
    } catch {
      return false;
    }
  });
}

type Package = readonly [name: string, require: NodeJS.Require];

function loadFirst(candidates: readonly Package[], missing: () => string): { tf: Tf; name: string } {
  const causes: unknown[] = [];
  for (const [name, require] of candidates) {
    try {
      return { tf: require(name) as Tf, name };
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new VidstyleError('setup', missing(), { cause: new AggregateError(causes) });
}

function packages(gpu: boolean | undefined): Package[] {
  const both = [gpuPackage, '@tensorflow/tfjs-node'];
  return resolvedFrom(gpu === undefined ? both : gpu ? [gpuPackage] : both.reverse());
}

/** Each name from the project that uses vidstyle, then from what `vidstyle setup training` brought. */
function resolvedFrom(names: readonly string[]): Package[] {
  const places = [import.meta.url, join(cacheFolder(), 'training', 'index.js')];
  return names.flatMap((name) => places.map((from): Package => [name, createRequire(from)]));
}
