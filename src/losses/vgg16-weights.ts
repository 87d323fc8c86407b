import { open, readFile } from 'node:fs/promises';
import { ready, File as H5File, Group, Dataset } from 'h5wasm/node';
import { messageOf, VidstyleError } from '../errors.js';
import { decodeSafetensors } from '../nets/safetensors.js';
import type { WeightArray } from '../nets/weights.js';
import { vggLayers } from './vgg16.js';

/**
 * Loads VGG16's weights (blocks 1 to 4) from Keras' `vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5` or from a
 * safetensors file: names as in Keras (`block1_conv1/kernel`) or as in torchvision (`features.0.weight`). All are
 * turned to one form: RGB input in 0..255, mean subtracted by {@link Vgg16}.
 *
 * Deviation: torchvision's weights give activations of another magnitude than Caffe's, which Keras converted and the
 * paper used; weights of losses do not carry over.
 *
 * @throws VidstyleError `training` if the file cannot be read or is no VGG16
 */
export async function loadVgg16(path: string): Promise<Map<string, WeightArray>> {
  const arrays = path.endsWith('.safetensors') ? await fromSafetensors(path) : await fromKeras(path);
  const weights = new Map<string, WeightArray>();
  for (const layer of vggLayers) {
    const { kernel, bias } = arrays(layer);
    if (kernel?.shape.length !== 4 || bias?.shape.length !== 1 || kernel.shape[3] !== bias.shape[0]) {
      throw new VidstyleError('training', `"${path}" holds no VGG16: ${layer} is missing or misshapen.`);
    }
    weights.set(`${layer}/kernel`, kernel);
    weights.set(`${layer}/bias`, bias);
  }
  return weights;
}

type LayerLookup = (layer: (typeof vggLayers)[number]) => {
  readonly kernel: WeightArray | undefined;
  readonly bias: WeightArray | undefined;
};

/** Keras' name of our `conv1_2` is `block1_conv2`; arrays end in `_W_1:0` and `_b_1:0` (or `kernel:0`, `bias:0`). */
async function fromKeras(path: string): Promise<LayerLookup> {
  const arrays = new Map<string, WeightArray>();
  try {
    await expectHdf5(path);
    await ready;
    const file = new H5File(path, 'r');
    try {
      collect(file, '', arrays);
    } finally {
      file.close();
    }
  } catch (cause) {
    throw new VidstyleError(
      'training',
      `VGG16's weights cannot be read from "${path}": ${messageOf(cause)}.`,
      { cause },
    );
  }
  return (layer) => {
    const keras = kerasName(layer);
    const named = (pattern: RegExp): WeightArray | undefined =>
      [...arrays].find(([name]) => name.includes(keras) && pattern.test(name))?.[1];
    return { kernel: bgrToRgb(layer, named(/(_W_\d|kernel)(:0)?$/)), bias: named(/(_b_\d|bias)(:0)?$/) };
  };
}

async function fromSafetensors(path: string): Promise<LayerLookup> {
  const { weights } = decodeSafetensors(
    await readFile(path).catch((cause: unknown) => {
      throw new VidstyleError('training', `VGG16's weights cannot be read from "${path}".`, { cause });
    }),
  );
  return (layer) => {
    const keras = weights.get(`${kerasName(layer)}/kernel`);
    if (keras) return { kernel: bgrToRgb(layer, keras), bias: weights.get(`${kerasName(layer)}/bias`) };
    const torch = `features.${torchIndex[vggLayers.indexOf(layer)] ?? -1}`;
    return {
      kernel: fromTorchvision(layer, weights.get(`${torch}.weight`)),
      bias: weights.get(`${torch}.bias`),
    };
  };
}

const kerasName = (layer: string): string => layer.replace(/conv(\d)_(\d)/, 'block$1_conv$2');

/** Positions of the convolutions in torchvision's `vgg16().features`. */
const torchIndex = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21];
/** torchvision expects (pixel / 255 − mean) / std; its means are Caffe's, so only the scale is to be folded in. */
const torchStd = [0.229, 0.224, 0.225];

function collect(group: Group, prefix: string, into: Map<string, WeightArray>): void {
  for (const key of group.keys()) {
    const entity = group.get(key);
    if (entity instanceof Group) collect(entity, `${prefix}/${key}`, into);
    else if (entity instanceof Dataset && entity.value instanceof Float32Array) {
      into.set(`${prefix}/${key}`, { shape: entity.shape ?? [], data: entity.value });
    }
  }
}

/** HDF5's own refusal is a page long and goes to standard error. */
async function expectHdf5(path: string): Promise<void> {
  const signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(signature.length), 0, signature.length, 0);
    if (!buffer.equals(signature)) throw new Error('it is no HDF5 file');
  } finally {
    await file.close();
  }
}

/** Keras' first kernel `[3,3,3,64]` expects blue first. */
function bgrToRgb(layer: string, kernel: WeightArray | undefined): WeightArray | undefined {
  if (layer !== 'conv1_1' || !kernel) return kernel;
  const [, , channels = 3, out = 1] = kernel.shape;
  const data = new Float32Array(kernel.data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / out) % channels;
    data[i + (channels - 1 - 2 * channel) * out] = kernel.data[i] ?? 0;
  }
  return { shape: kernel.shape, data };
}

function fromTorchvision(layer: string, kernel: WeightArray | undefined): WeightArray | undefined {
  if (!kernel) return undefined;
  const [out = 1, input = 1, height = 1, width = 1] = kernel.shape;
  const data = new Float32Array(kernel.data.length);
  let at = 0;
  for (let o = 0; o < out; o++)
    for (let i = 0; i < input; i++)
      for (let p = 0; p < height * width; p++) {
        const scale = layer === 'conv1_1' ? 255 * (torchStd[i] ?? 1) : 1;
        data[(p * input + i) * out + o] = (kernel.data[at++] ?? 0) / scale;
      }
  return { shape: [height, width, input, out], data };
}
