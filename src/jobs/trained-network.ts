import { readFile } from 'node:fs/promises';
import { VidstyleError } from '../errors.js';
import { buildNetwork } from '../nets/families.js';
import { readMetadata, type NetworkSpec } from '../nets/metadata.js';
import { weightsFromOnnx } from '../nets/onnx.js';
import type { TrainedNetwork } from '../training/take-over.js';

/**
 * The network of a model file that vidstyle trained, and its weights: what a training goes on from.
 * @throws VidstyleError `model` if the file cannot be read or is of another kind or origin
 */
export async function readTrainedNetwork(
  path: string,
  kind: 'style' | 'sr',
): Promise<TrainedNetwork & { readonly spec: NetworkSpec }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new VidstyleError('model', `The model "${path}" cannot be read.`, { cause });
  });
  const metadata = readMetadata(bytes);
  if (metadata?.kind !== kind) {
    const what = kind === 'sr' ? 'super-resolution network' : 'style network';
    throw new VidstyleError('model', `"${path}" is no ${what} that vidstyle trained.`);
  }
  const network = buildNetwork(metadata.network);
  return { spec: metadata.network, network, weights: weightsFromOnnx(bytes, network) };
}
