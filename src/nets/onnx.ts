import { GraphBuilder } from './onnx-graph.js';
import {
  elementType,
  encodeModel,
  valueInfo,
  type OnnxModel,
  type OnnxTensor,
  type OnnxValueInfo,
} from './onnx-schema.js';
import { buildNetwork } from './families.js';
import { toHwio } from './kernel-layout.js';
import type { Network } from './layers.js';
import { lower } from './lowering.js';
import { metadataEntry, metadataOf, parseModel, type ModelMetadata } from './metadata.js';
import { mergeEdgeBranches, withoutBranches } from './edge-branches.js';
import { OnnxWriter } from './onnx-writer.js';
import { checkWeights, type WeightArray, type Weights } from './weights.js';
import { VidstyleError } from '../errors.js';

/** How a network is written, beyond what it is. */
export interface OnnxOptions {
  /** Type of the pictures' samples, 0..255 or 0..65535; default `uint8`. */
  readonly sample?: 'uint8' | 'uint16';
  /** Write it as it is fastest to run (`lowering.ts`), not as it is trained: its parameters are then no longer legible. */
  readonly lowered?: boolean;
}

/**
 * Writes a network as an ONNX model: input `image` uint8 `[1, height, width, 3]` RGB with free height and width, for
 * conditional networks a second input `style` float32 `[styles]` (weights of the blend), output `result` uint8
 * `[1, height·scale, width·scale, 3]`, rounded and clipped.
 *
 * @throws VidstyleError `model` if the weights do not fit the network
 */
export function toOnnx(
  network: Network,
  weights: Weights,
  metadata: ModelMetadata,
  { sample = 'uint8', lowered = false }: OnnxOptions = {},
): Uint8Array {
  checkWeights(network, weights);
  const graph = new GraphBuilder();
  const computed = lowered
    ? lower(network, weights)
    : { layers: network.layers, weights: mergeEdgeBranches(network, weights) };
  new OnnxWriter(graph, network, computed, sample).write();
  const type = elementType[sample];
  const model = graph.model(metadata.name, {
    input: [
      picture('image', type, 'height', 'width'),
      ...(network.styles.length > 0 ? [styleInput(network.styles.length)] : []),
    ],
    output: [
      network.scale === 1
        ? picture('result', type, 'height', 'width')
        : picture('result', type, 'result_height', 'result_width'),
    ],
  });
  return encodeModel({
    ...model,
    producer_version: metadata.producer,
    metadata_props: [metadataEntry({ ...metadata, network: withoutBranches(metadata.network) })],
  });
}

/**
 * Writes one of our models anew for what it will see and, if `lowered`, as it is fastest to run.
 * @throws VidstyleError `model` if the model was not written by {@link toOnnx}
 */
export function specialise(model: OnnxModel, options: Required<OnnxOptions>): Uint8Array {
  const metadata = metadataOf(model);
  if (!metadata) throw new VidstyleError('model', 'The model was not written by vidstyle.');
  const network = buildNetwork(metadata.network);
  return toOnnx(network, weightsOf(model, network), metadata, options);
}

/**
 * The parameters of a model that {@link toOnnx} wrote, in TensorFlow's layouts: for fine-tuning and for new styles.
 * @throws VidstyleError `model` if they do not fit the network
 */
export function weightsFromOnnx(bytes: Uint8Array, network: Network): Map<string, WeightArray> {
  return weightsOf(parseModel(bytes), network);
}

function weightsOf({ graph }: OnnxModel, network: Network): Map<string, WeightArray> {
  const weights = new Map<string, WeightArray>();
  for (const tensor of graph.initializer) {
    const { name, dims } = tensor;
    if (!name.includes('/') || tensor.data_type !== elementType.float) continue;
    const array = { shape: name.endsWith('/slope') ? dims.slice(0, 1) : dims, data: floatsOf(tensor) };
    weights.set(name, name.endsWith('/kernel') ? toHwio(array) : array);
  }
  checkWeights(network, weights);
  return weights;
}

/** A float tensor's numbers; copied, because a file's bytes may be unaligned. */
function floatsOf({ raw_data }: OnnxTensor): Float32Array {
  return new Float32Array(Uint8Array.from(raw_data).buffer);
}

function picture(name: string, type: number, height: string, width: string): OnnxValueInfo {
  return valueInfo(name, type, [1, height, width, 3]);
}

function styleInput(styles: number): OnnxValueInfo {
  return valueInfo('style', elementType.float, [styles]);
}
