import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../paths.js';
import { VidstyleError } from '../errors.js';
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
  const tf = loadTensorFlow({ gpu: device === 'cuda' });
  await tf.ready();
  return openOnTensorFlow(tf, device, request);
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

let loaded: NodeTf | undefined;

/**
 * Loads TensorFlow: `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node` from the project that uses
 * vidstyle, else from what `vidstyle setup training` put into the user's cache.
 *
 * @throws VidstyleError `setup` if there is none, or none that works on this Node
 */
export function loadTensorFlow(options: { readonly gpu?: boolean } = {}): NodeTf {
  if (loaded) return loaded;
  // TensorFlow 2.15 leaves oneDNN off where the CPU lacks AVX-512; gradients of convolutions are much slower without it.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const causes: unknown[] = [];
  for (const [name, require] of packages(options.gpu)) {
    try {
      loaded = require(name) as NodeTf;
      return loaded;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new VidstyleError(
    'setup',
    'TensorFlow, which training and the tfjs engine need, is not set up: run "vidstyle setup training".',
    {
      cause: new AggregateError(causes),
    },
  );
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

function packages(gpu: boolean | undefined): [name: string, require: NodeJS.Require][] {
  const names = gpu ? ['tfjs-node-gpu'] : ['tfjs-node-gpu', 'tfjs-node'];
  const places = [import.meta.url, join(cacheFolder(), 'training', 'index.js')];
  return names.flatMap((name) =>
    places.map((from) => [`@tensorflow/${name}`, createRequire(from)] as [string, NodeJS.Require]),
  );
}
