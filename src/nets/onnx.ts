import { GraphBuilder } from './onnx-graph.js';
import {
  elementType,
  encodeModel,
  type OnnxDimension,
  type OnnxModel,
  type OnnxTensor,
  type OnnxValueInfo,
} from './onnx-schema.js';
import { mergeEdgeBranches } from './edge-branches.js';
import type { Layer, Network, Norm } from './layers.js';
import { metadataEntry, parseModel, type ModelMetadata } from './metadata.js';
import { instanceNormEpsilon } from './tfjs.js';
import { checkWeights, type WeightArray, type Weights } from './weights.js';

const opset = 17;
const irVersion = 8;

// The constants by which samples become the network's numbers and back; `specialise` rewrites them for 16 bits.
const ends = {
  inputScale: 'input_scale',
  inputOffset: 'input_offset',
  outputScale: 'output_scale',
  outputOffset: 'output_offset',
  outputLimit: 'output_limit',
} as const;

/**
 * Writes a network as an ONNX model: input `image` uint8 `[1, height, width, 3]` RGB with free height and width, for
 * conditional networks a second input `style` float32 `[styles]` (weights of the blend), output `result` uint8
 * `[1, height·scale, width·scale, 3]`, rounded and clipped.
 *
 * @throws VidstyleError `model` if the weights do not fit the network
 */
export function toOnnx(network: Network, weights: Weights, metadata: ModelMetadata): Uint8Array {
  checkWeights(network, weights);
  const graph = new GraphBuilder();
  new OnnxWriter(graph, network, mergeEdgeBranches(network, weights)).write();
  const model: OnnxModel = {
    ir_version: irVersion,
    producer_name: 'vidstyle',
    producer_version: metadata.producer,
    opset_import: [{ domain: '', version: opset }],
    metadata_props: [metadataEntry(metadata)],
    graph: {
      name: metadata.name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [
        picture('image', 'height', 'width'),
        ...(network.styles.length > 0 ? [styleInput(network.styles.length)] : []),
      ],
      output: [
        network.scale === 1
          ? picture('result', 'height', 'width')
          : picture('result', 'result_height', 'result_width'),
      ],
    },
  };
  return encodeModel(model);
}

/**
 * Fits one of our models to what it will see: 16-bit samples (0..65535) instead of 8-bit ones.
 * @throws VidstyleError `model` if the model was not written by {@link toOnnx}
 */
export function specialise(bytes: Uint8Array, options: { readonly sample: 'uint8' | 'uint16' }): Uint8Array {
  if (options.sample === 'uint8') return bytes;
  const model = parseModel(bytes);
  const factor = 65535 / 255;
  const scaled: Record<string, (value: number) => number> = {
    [ends.inputScale]: (value) => value / factor,
    [ends.outputScale]: (value) => value * factor,
    [ends.outputOffset]: (value) => (value - 0.5) * factor + 0.5, // the half rounds; it is one sample's half
    [ends.outputLimit]: () => 65535,
  };
  const initializer = model.graph.initializer.map((tensor) => {
    const change = scaled[tensor.name];
    if (!change) return tensor;
    const values = floatsOf(tensor).map((value) => change(value));
    return { ...tensor, raw_data: new Uint8Array(values.buffer) };
  });
  const node = model.graph.node.map((entry) =>
    entry.op_type !== 'Cast'
      ? entry
      : {
          ...entry,
          attribute: entry.attribute.map((attribute) =>
            attribute.name === 'to' && attribute.i === elementType.uint8
              ? { ...attribute, i: elementType.uint16 }
              : attribute,
          ),
        },
  );
  const as16 = (value: OnnxValueInfo): OnnxValueInfo =>
    value.type.tensor_type.elem_type === elementType.uint8
      ? { ...value, type: { tensor_type: { ...value.type.tensor_type, elem_type: elementType.uint16 } } }
      : value;
  const { graph } = model;
  return encodeModel({
    ...model,
    graph: { ...graph, node, initializer, input: graph.input.map(as16), output: graph.output.map(as16) },
  });
}

/**
 * The parameters of a model that {@link toOnnx} wrote, in TensorFlow's layouts: for fine-tuning and for new styles.
 * @throws VidstyleError `model` if they do not fit the network
 */
export function weightsFromOnnx(bytes: Uint8Array, network: Network): Map<string, WeightArray> {
  const weights = new Map<string, WeightArray>();
  for (const tensor of parseModel(bytes).graph.initializer) {
    const { name, dims } = tensor;
    if (!name.includes('/') || tensor.data_type !== elementType.float) continue;
    const array = { shape: name.endsWith('/slope') ? dims.slice(0, 1) : dims, data: floatsOf(tensor) };
    weights.set(name, name.endsWith('/kernel') ? toHwio(array) : array);
  }
  checkWeights(network, weights);
  return weights;
}

class OnnxWriter {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly network: Network,
    private readonly weights: Weights,
  ) {}

  write(): void {
    const { graph, network } = this;
    const { multiple, scale } = network;
    const samples = graph.op('Transpose', ['image'], { perm: [0, 3, 1, 2] });
    const floats = graph.op('Cast', [samples], { to: elementType.float });
    const rgb = this.affine(
      floats,
      ends.inputScale,
      1 / network.input.scale,
      ends.inputOffset,
      -network.input.offset / network.input.scale,
    );
    const entered = network.channels === 'luma' ? this.luma(rgb) : rgb;
    const size = graph.op('Slice', [graph.op('Shape', ['image']), graph.ints([1]), graph.ints([3])]);
    const input = multiple === 1 ? entered : this.padToMultiple(entered, size);

    const [body, trailingShuffle] = splitTrailingShuffle(network.layers);
    let result = this.all(body, input, input);
    // Scaling comes before the shuffle: there it fuses into the last convolution.
    const { offset, scale: range } = network.output;
    result = this.affine(result, ends.outputScale, range, ends.outputOffset, offset + 0.5);
    result = this.all(trailingShuffle, result, input);
    if (network.channels === 'luma') result = this.addColour(result, rgb, entered);
    if (multiple !== 1) {
      const extent = scale === 1 ? size : graph.op('Mul', [size, graph.ints([scale, scale])]);
      result = graph.op('Slice', [result, graph.ints([0, 0]), extent, graph.ints([2, 3])]);
    }
    graph.floats(ends.outputLimit, [], Float32Array.of(255));
    // Relu fuses with a convolution before it; where nothing can, one pass over the samples is cheaper than two.
    const clipped =
      network.channels === 'luma'
        ? graph.op('Clip', [result, graph.floats('zero', [], Float32Array.of(0)), ends.outputLimit])
        : graph.op('Min', [graph.op('Relu', [result]), ends.outputLimit]);
    const rounded = graph.op('Cast', [clipped], { to: elementType.uint8 }); // truncates; the half was added above
    graph.op('Transpose', [rounded], { perm: [0, 2, 3, 1] }, 'result');
  }

  private all(layers: readonly Layer[], x: string, entered: string): string {
    return layers.reduce((value, layer) => this.one(layer, value, entered), x);
  }

  private one(layer: Layer, x: string, entered: string): string {
    const { graph } = this;
    switch (layer.kind) {
      case 'conv': {
        const amount = (layer.kernel - 1) / 2;
        const padded = layer.padding === 'reflect' && amount > 0 ? this.reflectPad(x, amount) : x;
        const zeros = layer.padding === 'zero' ? amount : 0;
        return graph.op('Conv', [padded, this.kernel(layer.name), this.vector(`${layer.name}/bias`)], {
          kernel_shape: [layer.kernel, layer.kernel],
          strides: [layer.stride, layer.stride],
          pads: [zeros, zeros, zeros, zeros],
        });
      }
      case 'transposed-conv':
        return graph.op('ConvTranspose', [x, this.kernel(layer.name), this.vector(`${layer.name}/bias`)], {
          kernel_shape: [layer.kernel, layer.kernel],
          strides: [2, 2],
          pads: [0, 0, 1, 1], // TensorFlow's SAME
        });
      case 'norm':
        return this.norm(layer, x);
      case 'relu':
        return graph.op('Relu', [x]);
      case 'prelu': {
        const { data } = this.array(`${layer.name}/slope`);
        return graph.op('PRelu', [x, graph.floats(`${layer.name}/slope`, [layer.channels, 1, 1], data)]);
      }
      case 'tanh':
        return graph.op('Tanh', [x]);
      case 'pad':
        return this.reflectPad(x, layer.amount);
      case 'upsample':
        return graph.op('Resize', [x, '', graph.vector([1, 1, layer.factor, layer.factor])], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        });
      case 'enlarge':
        return graph.op('Resize', [x, '', graph.vector([1, 1, layer.factor, layer.factor])], {
          mode: 'cubic',
          cubic_coeff_a: { float: -0.5 },
          coordinate_transformation_mode: 'half_pixel',
        });
      case 'shuffle':
        return graph.op('DepthToSpace', [x], { blocksize: layer.block, mode: 'DCR' });
      case 'unshuffle':
        return graph.op('SpaceToDepth', [x], { blocksize: layer.block });
      case 'add-input':
        return graph.op('Add', [
          x,
          graph.op('Concat', Array<string>(layer.block ** 2).fill(entered), { axis: 1 }),
        ]);
      case 'residual': {
        const { crop } = layer;
        const identity =
          crop === 0
            ? x
            : graph.op('Slice', [
                x,
                graph.ints([crop, crop]),
                graph.ints([-crop, -crop]),
                graph.ints([2, 3]),
              ]);
        return graph.op('Add', [this.all(layer.layers, x, entered), identity]);
      }
    }
  }

  private norm({ name, mode }: Norm, x: string): string {
    const { graph } = this;
    const affine = [`${name}/gamma`, `${name}/beta`].map((each) => {
      const value = this.vector(each);
      return mode === 'conditional' ? graph.op('MatMul', ['style', value]) : value;
    });
    const epsilon = { epsilon: { float: instanceNormEpsilon } };
    if (mode !== 'batch') return graph.op('InstanceNormalization', [x, ...affine], epsilon);
    const moments = [this.vector(`${name}/mean`), this.vector(`${name}/variance`)];
    return graph.op('BatchNormalization', [x, ...affine, ...moments], epsilon);
  }

  private affine(x: string, scaleName: string, scale: number, offsetName: string, offset: number): string {
    this.graph.floats(scaleName, [1, 1, 1], Float32Array.of(scale));
    this.graph.floats(offsetName, [1, 1, 1], Float32Array.of(offset));
    return this.graph.op('Add', [this.graph.op('Mul', [x, scaleName]), offsetName]);
  }

  private padToMultiple(x: string, size: string): string {
    const { graph } = this;
    const { multiple } = this.network;
    const missing = graph.op('Mod', [graph.op('Neg', [size]), graph.ints([multiple, multiple])]);
    const pads = graph.op('Concat', [graph.ints([0, 0, 0, 0, 0, 0]), missing], { axis: 0 });
    return graph.op('Pad', [x, pads], { mode: 'reflect' });
  }

  private reflectPad(x: string, amount: number): string {
    const pads = this.graph.ints([0, 0, amount, amount, 0, 0, amount, amount]);
    return this.graph.op('Pad', [x, pads], { mode: 'reflect' });
  }

  /** ITU-R BT.601 luminance, full range. */
  private luma(rgb: string): string {
    this.graph.floats('luma_weights', [1, 3, 1, 1], lumaWeights);
    return this.graph.op('Conv', [rgb, 'luma_weights'], { kernel_shape: [1, 1] });
  }

  /**
   * The network's luminance plus the picture's colour differences, enlarged: both steps are linear, so this is the enlarged
   * picture with its luminance exchanged, and the differences are taken where pixels are few.
   */
  private addColour(luma: string, rgb: string, entered: string): string {
    const { graph, network } = this;
    const difference = graph.op('Sub', [rgb, entered]);
    const samples = graph.op('Mul', [difference, ends.outputScale]); // input and output ranges agree
    const enlarged = graph.op('Resize', [samples, '', graph.vector([1, 1, network.scale, network.scale])], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    });
    return graph.op('Add', [enlarged, luma]);
  }

  private kernel(name: string): string {
    const { shape, data } = toOihw(this.array(`${name}/kernel`));
    return this.graph.floats(`${name}/kernel`, shape, data);
  }

  private vector(name: string): string {
    const { shape, data } = this.array(name);
    return this.graph.floats(name, shape, data);
  }

  private array(name: string): WeightArray {
    const found = this.weights.get(name);
    if (!found) throw new Error(`checked weights lack ${name}`);
    return found;
  }
}

const lumaWeights = Float32Array.of(0.299, 0.587, 0.114);

function splitTrailingShuffle(layers: readonly Layer[]): [readonly Layer[], readonly Layer[]] {
  const at = layers.at(-1)?.kind === 'shuffle' ? layers.length - 1 : layers.length;
  return [layers.slice(0, at), layers.slice(at)];
}

/** A float tensor's numbers; copied, because a file's bytes may be unaligned. */
function floatsOf({ raw_data }: OnnxTensor): Float32Array {
  return new Float32Array(Uint8Array.from(raw_data).buffer);
}

const toOihw = (kernel: WeightArray): WeightArray => permute(kernel, [3, 2, 0, 1]);
const toHwio = (kernel: WeightArray): WeightArray => permute(kernel, [2, 3, 1, 0]);

function permute(
  { shape, data }: WeightArray,
  order: readonly [number, number, number, number],
): WeightArray {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const [a = 1, b = 1, c = 1, d = 1] = order.map((axis) => shape[axis] ?? 1);
  const [sa = 0, sb = 0, sc = 0, sd = 0] = order.map((axis) => strides[axis] ?? 0);
  const result = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) result[at++] = data[i * sa + j * sb + k * sc + l * sd] ?? 0;
  return { shape: [a, b, c, d], data: result };
}

function picture(name: string, height: string, width: string): OnnxValueInfo {
  return valueInfo(name, elementType.uint8, [
    { dim_value: 1 },
    { dim_param: height },
    { dim_param: width },
    { dim_value: 3 },
  ]);
}

function styleInput(styles: number): OnnxValueInfo {
  return valueInfo('style', elementType.float, [{ dim_value: styles }]);
}

function valueInfo(name: string, type: number, dim: readonly OnnxDimension[]): OnnxValueInfo {
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}
