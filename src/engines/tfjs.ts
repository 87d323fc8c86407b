import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../paths.js';
import { VidstyleError } from '../errors.js';
import type { Tf } from '../nets/tfjs.js';

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
 * Loads TensorFlow for training: `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node` from the project that uses
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
  for (const name of options.gpu ? ['tfjs-node-gpu'] : ['tfjs-node-gpu', 'tfjs-node']) {
    for (const from of [import.meta.url, join(cacheFolder(), 'training', 'index.js')]) {
      try {
        loaded = createRequire(from)(`@tensorflow/${name}`) as NodeTf;
        return loaded;
      } catch (cause) {
        causes.push(cause);
      }
    }
  }
  throw new VidstyleError(
    'setup',
    'Training needs TensorFlow, which is not set up: run "vidstyle setup training".',
    {
      cause: new AggregateError(causes),
    },
  );
}
