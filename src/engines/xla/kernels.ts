/**
 * TensorFlow.js' kernels as programs: those that our networks, losses and Adam are made of, their gradients included. Names,
 * inputs and attributes are TensorFlow.js' own (`@tensorflow/tfjs-core/dist/kernel_names.d.ts`).
 */

import type { Tf } from '../../nets/tfjs.js';
import type { Binary, ElementType, ProgramWriter, Unary, Value } from './stablehlo.js';

/** What a kernel is told beside its tensors. */
export type Attrs = Readonly<Record<string, unknown>>;

/** What one kernel gives: the shape and type beforehand, the program's part when it is needed. */
export interface Lowered {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly write: (writer: ProgramWriter, ...inputs: Value[]) => Value;
}

/** A tensor that a kernel takes. */
export interface Input {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

export interface Kernel {
  /** Names of the inputs in their order; undefined: numbered ones, any number of them. */
  readonly inputs?: readonly string[];
  readonly lower: (inputs: readonly Input[], attributes: Attrs, tf: Tf) => Lowered;
}

export const kernels: Readonly<Record<string, Kernel>> = {
  Abs: unary('abs'),
  Exp: unary('exponential'),
  Log: unary('log'),
  Neg: unary('negate'),
  Round: unary('round_nearest_even'),
  Rsqrt: unary('rsqrt'),
  Sign: unary('sign'),
  Sqrt: unary('sqrt'),
  Tanh: unary('tanh'),
  Square: elementwise((w, x) => w.binary('multiply', x, x)),
  Reciprocal: elementwise((w, x) => w.binary('divide', w.constant(1, x.shape), x)),
  Relu: elementwise((w, x) => w.binary('maximum', x, w.constant(0, x.shape))),
  ZerosLike: elementwise((w, x) => w.constant(0, x.shape, x.type)),
  OnesLike: elementwise((w, x) => w.constant(1, x.shape, x.type)),
  Step: elementwise((w, x, { alpha }) =>
    w.select(
      w.compare('GT', x, w.constant(0, x.shape)),
      w.constant(1, x.shape),
      w.constant(alpha as number, x.shape),
    ),
  ),
  ClipByValue: elementwise((w, x, { clipValueMin, clipValueMax }) =>
    w.binary(
      'minimum',
      w.binary('maximum', x, w.constant(clipValueMin as number, x.shape)),
      w.constant(clipValueMax as number, x.shape),
    ),
  ),

  Add: binary('add'),
  Sub: binary('subtract'),
  Multiply: binary('multiply'),
  RealDiv: binary('divide'),
  Maximum: binary('maximum'),
  Minimum: binary('minimum'),
  Pow: binary('power'),
  LogicalAnd: binary('and'),
  SquaredDifference: together(['a', 'b'], (w, a, b) => {
    const difference = w.binary('subtract', a, b);
    return w.binary('multiply', difference, difference);
  }),
  Prelu: together(['x', 'alpha'], (w, x, alpha) =>
    w.select(w.compare('GT', x, w.constant(0, x.shape)), x, w.binary('multiply', x, alpha)),
  ),
  Equal: comparison('EQ'),
  NotEqual: comparison('NE'),
  Greater: comparison('GT'),
  GreaterEqual: comparison('GE'),
  Less: comparison('LT'),
  LessEqual: comparison('LE'),
  Select: {
    inputs: ['condition', 't', 'e'],
    lower: ([condition, yes]) => ({
      ...only(yes),
      write: (w, c, t, e) => w.select(leading(w, c, only(condition).shape, t.shape), t, e),
    }),
  },
  AddN: {
    lower: (inputs) => ({
      ...only(inputs[0]),
      write: (w, first, ...rest) => rest.reduce((sum, next) => w.binary('add', sum, next), first),
    }),
  },
  Cast: {
    inputs: ['x'],
    lower: ([x], { dtype }) => ({
      shape: only(x).shape,
      type: elementTypes[dtype as keyof typeof elementTypes],
      write: (w, value) => w.convert(value, elementTypes[dtype as keyof typeof elementTypes]),
    }),
  },

  Sum: reduction((w, x, axes) => w.reduce('add', x, axes)),
  Max: reduction((w, x, axes) => w.reduce('maximum', x, axes), 'reductionIndices'),
  Mean: reduction((w, x, axes) => {
    const sum = w.reduce('add', x, axes);
    const count = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
    return w.binary('multiply', sum, w.constant(1 / count, sum.shape));
  }),

  Reshape: {
    inputs: ['x'],
    lower: ([x], { shape }, tf) => {
      const { shape: old, type } = only(x);
      const size = old.reduce((product, length) => product * length, 1);
      const wanted = tf.util.inferFromImplicitShape(shape as number[], size);
      return { shape: wanted, type, write: (w, value) => w.reshape(value, wanted) };
    },
  },
  ExpandDims: {
    inputs: ['input'],
    lower: ([x], { dim }) => {
      const { shape: old, type } = only(x);
      const at = (dim as number) < 0 ? old.length + 1 + (dim as number) : (dim as number);
      const shape = old.toSpliced(at, 0, 1);
      return { shape, type, write: (w, value) => w.reshape(value, shape) };
    },
  },
  Transpose: {
    inputs: ['x'],
    lower: ([x], { perm }) => {
      const order = perm as number[];
      const { shape, type } = only(x);
      return {
        shape: order.map((axis) => shape[axis] ?? 0),
        type,
        write: (w, value) => w.transpose(value, order),
      };
    },
  },
  Slice: {
    inputs: ['x'],
    lower: ([x], { begin, size }, tf) => {
      const { shape, type } = only(x);
      const [start, extent] = tf.slice_util.parseSliceParams(
        { shape: [...shape] } as never,
        begin as number[],
        size as number[],
      ) as [number[], number[]];
      return { shape: extent, type, write: (w, value) => w.slice(value, start, extent) };
    },
  },
  PadV2: {
    inputs: ['x'],
    lower: ([x], { paddings, constantValue }) => {
      const amounts = paddings as [number, number][];
      const { shape, type } = only(x);
      return {
        shape: shape.map((length, axis) => length + (amounts[axis]?.[0] ?? 0) + (amounts[axis]?.[1] ?? 0)),
        type,
        write: (w, value) => w.pad(value, constantValue as number, amounts),
      };
    },
  },
  MirrorPad: {
    inputs: ['x'],
    lower: ([x], { paddings, mode }) => {
      if (mode !== 'reflect') throw unsupported('MirrorPad', mode);
      const amounts = paddings as [number, number][];
      const { shape, type } = only(x);
      return {
        shape: shape.map((length, axis) => length + (amounts[axis]?.[0] ?? 0) + (amounts[axis]?.[1] ?? 0)),
        type,
        write: (w, value) =>
          amounts.reduce((padded, amount, axis) => reflect(w, padded, axis, amount), value),
      };
    },
  },
  Reverse: {
    inputs: ['x'],
    lower: ([x], { dims }, tf) => ({
      ...only(x),
      write: (w, value) =>
        w.reverse(value, tf.util.parseAxisParam(dims as number | number[], [...value.shape])),
    }),
  },
  Concat: {
    lower: (inputs, { axis }, tf) => {
      const { shape, type } = only(inputs[0]);
      const [at = 0] = tf.util.parseAxisParam(axis as number, [...shape]);
      const length = inputs.reduce((sum, input) => sum + (input.shape[at] ?? 0), 0);
      return { shape: shape.with(at, length), type, write: (w, ...parts) => w.concatenate(parts, at) };
    },
  },
  Tile: {
    inputs: ['x'],
    lower: ([x], { reps }) => {
      const { shape, type } = only(x);
      const times = reps as number[];
      return {
        shape: shape.map((length, axis) => length * (times[axis] ?? 1)),
        type,
        write: (w, value) => tile(w, value, times),
      };
    },
  },
  Fill: {
    inputs: [],
    lower: (_, { shape, value, dtype }) => {
      const type = elementTypes[(dtype ?? 'float32') as keyof typeof elementTypes];
      return {
        shape: shape as number[],
        type,
        write: (w) => w.constant(value as number, shape as number[], type),
      };
    },
  },
  OneHot: {
    inputs: ['indices'],
    lower: ([indices], { depth, onValue, offValue, dtype }) => {
      const shape = [...only(indices).shape, depth as number];
      const type = elementTypes[(dtype ?? 'int32') as keyof typeof elementTypes];
      return {
        shape,
        type,
        write: (w, index) => {
          const wanted = w.spread(index, shape, index.shape.map((_, axis) => axis)); // prettier-ignore
          const isThere = w.compare('EQ', wanted, w.iota(shape, shape.length - 1, 'i32'));
          const [on, off] = [onValue, offValue].map((value) => w.constant(value as number, shape, type));
          return w.select(isThere, on as Value, off as Value);
        },
      };
    },
  },

  BatchMatMul: {
    inputs: ['a', 'b'],
    lower: ([a, b], { transposeA, transposeB }, tf) => {
      const [left, right] = [only(a).shape, only(b).shape];
      const batches = tf.broadcast_util.assertAndGetBroadcastShape(left.slice(0, -2), right.slice(0, -2));
      const [keptA, keptB] = [transposeA ? 2 : 1, transposeB ? 1 : 2];
      return {
        shape: [...batches, left.at(keptA - 3) ?? 0, right.at(keptB - 3) ?? 0],
        type: 'f32',
        write: (w, x, y) => {
          const flat = (value: Value): Value => {
            const matrix = value.shape.slice(-2);
            const repeated = w.broadcast(value, [...batches, ...matrix]);
            return w.reshape(repeated, [tf.util.sizeFromShape(batches), ...matrix]);
          };
          const product = w.dot(flat(x), flat(y), [3 - keptA, 3 - keptB]);
          return w.reshape(product, [...batches, ...product.shape.slice(1)]);
        },
      };
    },
  },

  Conv2D: {
    inputs: ['x', 'filter'],
    lower: ([x, filter], attributes, tf) => {
      const info = convolutionOf(only(x).shape, only(filter).shape, attributes, tf);
      return {
        shape: info.outShape,
        type: 'f32',
        write: (w, picture, kernel) =>
          w.convolution(picture, kernel, info.outShape, {
            dimensions: '[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]',
            stride: strideOf(info),
            padding: [
              [info.padInfo.top, info.padInfo.bottom],
              [info.padInfo.left, info.padInfo.right],
            ],
            pictureDilation: [1, 1],
            kernelDilation: [1, 1],
          }),
      };
    },
  },
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    lower: ([, filter], attributes, tf) => {
      const shape = attributes['inputShape'] as number[];
      const info = convolutionOf(shape, only(filter).shape, attributes, tf);
      const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
      // A convolution of the gradient, spread by the stride, with the kernel turned by 180° and its sides exchanged.
      const edges = (size: number, out: number, kernel: number, stride: number, before: number) => {
        const first = kernel - 1 - before;
        return [first, size + kernel - 2 - (out - 1) * stride - first] as const;
      };
      return {
        shape,
        type: 'f32',
        write: (w, dy, kernel) =>
          w.convolution(dy, w.reverse(kernel, [0, 1]), shape, {
            dimensions: '[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]',
            stride: [1, 1],
            padding: [
              edges(inHeight, outHeight, filterHeight, info.strideHeight, padInfo.top),
              edges(inWidth, outWidth, filterWidth, info.strideWidth, padInfo.left),
            ],
            pictureDilation: strideOf(info),
            kernelDilation: [1, 1],
          }),
      };
    },
  },
  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    lower: ([x], attributes, tf) => {
      const shape = attributes['filterShape'] as number[];
      const info = convolutionOf(only(x).shape, shape, attributes, tf);
      const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
      // A convolution of the pictures with their gradients, summed over the batch as over channels.
      const edges = (size: number, out: number, kernel: number, stride: number, before: number) =>
        [before, kernel + (out - 1) * stride - size - before] as const;
      return {
        shape,
        type: 'f32',
        write: (w, picture, dy) =>
          w.convolution(picture, dy, shape, {
            dimensions: '[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]',
            stride: [1, 1],
            padding: [
              edges(inHeight, outHeight, filterHeight, info.strideHeight, padInfo.top),
              edges(inWidth, outWidth, filterWidth, info.strideWidth, padInfo.left),
            ],
            pictureDilation: [1, 1],
            kernelDilation: strideOf(info),
          }),
      };
    },
  },
  MaxPool: {
    inputs: ['x'],
    lower: ([x], attributes) => {
      const pooled = halved(only(x).shape, 'MaxPool', attributes);
      return {
        shape: pooled,
        type: 'f32',
        write: (w, value) => w.reduce('maximum', inPairs(w, value), [2, 4]),
      };
    },
  },
  MaxPoolGrad: {
    inputs: ['dy', 'input', 'output'],
    lower: ([, input], attributes) => {
      const { shape } = only(input);
      halved(shape, 'MaxPoolGrad', attributes);
      return {
        shape,
        type: 'f32',
        // To every place that holds the maximum: where there are several, they are zeros of a ReLU, which lets nothing through.
        write: (w, dy, x, y) => {
          const pairs = inPairs(w, x);
          const spread = (value: Value): Value => w.spread(value, pairs.shape, [0, 1, 3, 5]);
          const kept = w.select(w.compare('EQ', pairs, spread(y)), spread(dy), w.constant(0, pairs.shape));
          const [b = 0, h = 0, , width = 0, , c = 0] = pairs.shape;
          const whole = w.reshape(kept, [b, h * 2, width * 2, c]);
          const left = shape.map((length, axis) => [0, length - (whole.shape[axis] ?? 0)] as const);
          return left.some(([, after]) => after > 0) ? w.pad(whole, 0, left) : whole;
        },
      };
    },
  },
  ResizeNearestNeighbor: {
    inputs: ['images'],
    lower: ([images], attributes) => {
      const { shape } = only(images);
      const [factor, larger] = enlargement(shape, attributes['size'] as number[], attributes);
      return {
        shape: larger,
        type: 'f32',
        write: (w, x) => w.reshape(w.spread(x, apart(x.shape, factor), [0, 1, 3, 5]), larger),
      };
    },
  },
  ResizeNearestNeighborGrad: {
    inputs: ['images', 'dy'],
    lower: ([images, dy], attributes) => {
      const { shape } = only(images);
      const [factor] = enlargement(shape, only(dy).shape.slice(1, 3), attributes);
      return {
        shape,
        type: 'f32',
        write: (w, _, gradient) => w.reduce('add', w.reshape(gradient, apart(shape, factor)), [2, 4]),
      };
    },
  },
};

export const elementTypes = { float32: 'f32', int32: 'i32', bool: 'i1' } as const;

type Pointwise = (writer: ProgramWriter, x: Value, attributes: Attrs) => Value;

function elementwise(write: Pointwise): Kernel {
  return {
    inputs: ['x'],
    lower: ([x], attributes) => ({ ...only(x), write: (w, value) => write(w, value, attributes) }),
  };
}

function unary(operation: Unary): Kernel {
  return elementwise((w, x) => w.unary(operation, x));
}

/** Two inputs, each spread to the shape of both. */
function together(
  inputs: readonly [string, string],
  write: (writer: ProgramWriter, a: Value, b: Value) => Value,
  type?: ElementType,
): Kernel {
  return {
    inputs,
    lower: ([a, b], _, tf) => {
      const shape = tf.broadcast_util.assertAndGetBroadcastShape([...only(a).shape], [...only(b).shape]);
      return {
        shape,
        type: type ?? only(a).type,
        write: (w, x, y) => write(w, w.broadcast(x, shape), w.broadcast(y, shape)),
      };
    },
  };
}

function binary(operation: Binary): Kernel {
  return together(['a', 'b'], (w, a, b) => w.binary(operation, a, b));
}

function comparison(kind: Parameters<ProgramWriter['compare']>[0]): Kernel {
  return together(['a', 'b'], (w, a, b) => w.compare(kind, a, b), 'i1');
}

function reduction(
  write: (writer: ProgramWriter, x: Value, axes: readonly number[]) => Value,
  axesName = 'axis',
): Kernel {
  return {
    inputs: ['x'],
    lower: ([x], attributes, tf) => {
      const { shape: old, type } = only(x);
      const axes = tf.util.parseAxisParam(attributes[axesName] as number | number[], [...old]);
      const kept = old.filter((_, axis) => !axes.includes(axis));
      const shape = attributes['keepDims'] ? old.map((length, i) => (axes.includes(i) ? 1 : length)) : kept;
      return { shape, type, write: (w, value) => w.reshape(write(w, value, axes), shape) };
    },
  };
}

function only(input: Input | undefined): Input {
  if (!input) throw new Error('a kernel got too few tensors');
  return { shape: input.shape, type: input.type };
}

function leading(w: ProgramWriter, x: Value, axes: readonly number[], shape: readonly number[]): Value {
  if (axes.length === shape.length) return x;
  return w.spread(x, shape, axes.map((_, axis) => axis)); // prettier-ignore
}

function reflect(w: ProgramWriter, x: Value, axis: number, [before, after]: [number, number]): Value {
  const length = x.shape[axis] ?? 0;
  const mirrored = (start: number, size: number): Value[] => {
    if (size === 0) return [];
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    return [w.reverse(w.slice(x, begin, x.shape.with(axis, size)), [axis])];
  };
  return w.concatenate([...mirrored(1, before), x, ...mirrored(length - 1 - after, after)], axis);
}

/** Repeats whole arrays along each axis. */
function tile(w: ProgramWriter, x: Value, times: readonly number[]): Value {
  const apartShape = x.shape.flatMap((length, axis) => [times[axis] ?? 1, length]);
  const spread = w.spread(x, apartShape, x.shape.map((_, axis) => 2 * axis + 1)); // prettier-ignore
  return w.reshape(spread, x.shape.map((length, axis) => length * (times[axis] ?? 1))); // prettier-ignore
}

type ConvolutionInfo = ReturnType<Tf['backend_util']['computeConv2DInfo']>;

function convolutionOf(
  input: readonly number[],
  filter: readonly number[],
  { strides, pad, dimRoundingMode }: Attrs,
  tf: Tf,
): ConvolutionInfo {
  return tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides as [number, number],
    1,
    pad as 'same',
    dimRoundingMode as 'floor',
  );
}

const strideOf = ({ strideHeight, strideWidth }: ConvolutionInfo): [number, number] => [
  strideHeight,
  strideWidth,
];

/** The shape of 2×2 pooling without overlap, which is all that the loss network has. */
function halved(shape: readonly number[], kernel: string, { filterSize, strides, pad }: Attrs): number[] {
  const isTwo = (size: unknown): boolean => [size].flat().every((length) => length === 2);
  if (!isTwo(filterSize) || !isTwo(strides) || pad !== 'valid')
    throw unsupported(kernel, { filterSize, strides, pad });
  const [b = 0, h = 0, w = 0, c = 0] = shape;
  return [b, Math.floor(h / 2), Math.floor(w / 2), c];
}

/** `[b, h, w, c]` as `[b, h/2, 2, w/2, 2, c]`; an odd last row or column is left out. */
function inPairs(w: ProgramWriter, x: Value): Value {
  const [b = 0, h = 0, width = 0, c = 0] = x.shape;
  const [rows, columns] = [Math.floor(h / 2), Math.floor(width / 2)];
  const even = w.slice(x, [0, 0, 0, 0], [b, rows * 2, columns * 2, c]);
  return w.reshape(even, [b, rows, 2, columns, 2, c]);
}

/** `[b, h, w, c]` with each sample standing for a square of `factor`: `[b, h, factor, w, factor, c]`. */
function apart([b = 0, h = 0, w = 0, c = 0]: readonly number[], factor: number): number[] {
  return [b, h, factor, w, factor, c];
}

function enlargement(
  [b = 0, h = 0, w = 0, c = 0]: readonly number[],
  [height = 0, width = 0]: readonly number[],
  { alignCorners, halfPixelCenters }: Attrs,
): [factor: number, shape: number[]] {
  const factor = height / h;
  if (!Number.isInteger(factor) || width !== w * factor || alignCorners || halfPixelCenters) {
    throw unsupported('ResizeNearestNeighbor', [h, w, height, width]);
  }
  return [factor, [b, height, width, c]];
}

function unsupported(kernel: string, what: unknown): Error {
  return new Error(`XLA: ${kernel} with ${JSON.stringify(what)} has no program`);
}
