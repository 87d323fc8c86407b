import type { GraphBuilder } from './onnx-graph.js';
import { elementType } from './onnx-schema.js';
import { toOihw } from './kernel-layout.js';
import type { Network, Norm } from './layers.js';
import type { LoweredLayer, LoweredNetwork } from './lowering.js';
import { instanceNormEpsilon } from './tfjs.js';
import type { WeightArray } from './weights.js';

/** Writes a network's layers as nodes: from the `image` of whole numbers to the `result`. */
export class OnnxWriter {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly network: Network,
    private readonly computed: LoweredNetwork,
    private readonly sample: 'uint8' | 'uint16',
  ) {}

  write(): void {
    const { graph, network } = this;
    const { multiple, scale } = network;
    const samples = graph.op('Transpose', ['image'], { perm: [0, 3, 1, 2] });
    const floats = graph.op('Cast', [samples], { to: elementType.float });
    const largest = this.sample === 'uint8' ? 255 : 65535;
    const step = largest / 255; // networks know 0..255
    const { input: taken, output: given } = network;
    const rgb = this.affine(floats, 'input', 1 / (taken.scale * step), -taken.offset / taken.scale);
    const entered = network.channels === 'luma' ? this.luma(rgb) : rgb;
    const size = graph.op('Slice', [graph.op('Shape', ['image']), graph.ints([1]), graph.ints([3])]);
    const input = multiple === 1 ? entered : this.padToMultiple(entered, size);

    const [body, trailingShuffle] = splitTrailingShuffle(this.computed.layers);
    let result = this.all(body, input, input);
    // Scaling comes before the shuffle: there it fuses into the last convolution.
    // The half rounds, for what follows truncates.
    result = this.affine(result, 'output', given.scale * step, given.offset * step + 0.5);
    result = this.all(trailingShuffle, result, input);
    if (network.channels === 'luma') result = this.addColour(result, rgb, entered);
    if (multiple !== 1) {
      const extent = scale === 1 ? size : graph.op('Mul', [size, graph.ints([scale, scale])]);
      result = graph.op('Slice', [result, graph.ints([0, 0]), extent, graph.ints([2, 3])]);
    }
    const limit = graph.floats('output_limit', [], Float32Array.of(largest));
    // Relu fuses with a convolution before it; where nothing can, one pass over the samples is cheaper than two.
    const clipped =
      network.channels === 'luma'
        ? graph.op('Clip', [result, graph.floats('zero', [], Float32Array.of(0)), limit])
        : graph.op('Min', [graph.op('Relu', [result]), limit]);
    const rounded = graph.op('Cast', [clipped], { to: elementType[this.sample] });
    graph.op('Transpose', [rounded], { perm: [0, 2, 3, 1] }, 'result');
  }

  private all(layers: readonly LoweredLayer[], x: string, entered: string): string {
    return layers.reduce((value, layer) => this.one(layer, value, entered), x);
  }

  private one(layer: LoweredLayer, x: string, entered: string): string {
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
      case 'upsampled-conv':
        return this.upsampledConv(layer.name, x);
      case 'subpixel-conv':
        return this.plainConv(layer.name, this.edgePad(x));
      case 'norm':
        return this.norm(layer, x);
      case 'subpixel-norm': {
        // A channel's sub-pixels follow each other in memory: together they are one channel four times as high.
        const shape = graph.op('Shape', [x]);
        const tall = graph.op('Reshape', [x, graph.ints([1, layer.norm.channels, -1, 1])]);
        return graph.op('Reshape', [this.norm(layer.norm, tall), shape]);
      }
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

  /** Four 2×2 convolutions side by side; each sub-pixel's result begins at another corner. */
  private upsampledConv(name: string, x: string): string {
    const { graph } = this;
    const all = this.plainConv(name, this.edgePad(x));
    const channels = (this.array(`${name}/bias`).shape[0] ?? 0) / 4;
    const parts = [0, 1, 2, 3].map((subpixel) => {
      const [row, column] = [subpixel >> 1, subpixel & 1];
      const begin = graph.ints([subpixel * channels, row, column]);
      const end = graph.ints([
        (subpixel + 1) * channels,
        row === 0 ? -1 : farEnd,
        column === 0 ? -1 : farEnd,
      ]);
      return graph.op('Slice', [all, begin, end, graph.ints([1, 2, 3])]);
    });
    const joined = graph.op('Concat', parts, { axis: 1 });
    return graph.op('DepthToSpace', [joined], { blocksize: 2, mode: 'DCR' });
  }

  private plainConv(name: string, padded: string): string {
    const [height = 0, width = 0] = this.array(`${name}/kernel`).shape;
    return this.graph.op('Conv', [padded, this.kernel(name), this.vector(`${name}/bias`)], {
      kernel_shape: [height, width],
    });
  }

  private edgePad(x: string): string {
    return this.graph.op('Pad', [x, this.graph.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'edge' });
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

  private affine(x: string, name: string, scale: number, offset: number): string {
    const { graph } = this;
    const scaled = graph.op('Mul', [x, graph.floats(`${name}_scale`, [1, 1, 1], Float32Array.of(scale))]);
    return graph.op('Add', [scaled, graph.floats(`${name}_offset`, [1, 1, 1], Float32Array.of(offset))]);
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
    const samples = graph.op('Mul', [difference, 'output_scale']); // input and output ranges agree
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
    const found = this.computed.weights.get(name);
    if (!found) throw new Error(`checked weights lack ${name}`);
    return found;
  }
}

const lumaWeights = Float32Array.of(0.299, 0.587, 0.114);

/** To ONNX, the end of any axis. */
const farEnd = 2 ** 31 - 1;

function splitTrailingShuffle(
  layers: readonly LoweredLayer[],
): [readonly LoweredLayer[], readonly LoweredLayer[]] {
  const at = layers.at(-1)?.kind === 'shuffle' ? layers.length - 1 : layers.length;
  return [layers.slice(0, at), layers.slice(at)];
}
