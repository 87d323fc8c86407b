import { VidstyleError } from '../errors.js';
import { elementType, type OnnxModel, type OnnxValueInfo } from '../nets/onnx-schema.js';
import type { ModelHints, TensorLayout } from './model-hints.js';
import type { ElementType } from './tensor.js';

/** A size that the graph fixes, or the name under which it may be chosen (empty: unnamed). */
export type Dimension = number | string;

/** The tensor through which pictures enter or leave a graph. */
export interface PictureTensor {
  readonly name: string;
  readonly type: ElementType;
  /** `undefined`: the graph does not say. */
  readonly layout: TensorLayout | undefined;
  /** 3: RGB; 1: luma alone. */
  readonly channels: 1 | 3;
  /** Without a batch axis the shape has three dimensions. */
  readonly rank: 3 | 4;
  readonly batch: Dimension;
  readonly height: Dimension;
  readonly width: Dimension;
}

/** Where pictures enter and leave a graph. */
export interface Signature {
  readonly input: PictureTensor;
  readonly output: PictureTensor;
}

/**
 * Finds where pictures enter and leave a graph.
 *
 * @param constants names of inputs that are not the picture (a style vector, say)
 * @throws VidstyleError 'model' for a graph that does not turn one picture into one
 */
export function readSignature(
  { graph }: OnnxModel,
  hints: ModelHints = {},
  constants: readonly string[] = [],
): Signature {
  const weights = new Set(graph.initializer.map((tensor) => tensor.name));
  // Files of ONNX's early years list their weights as inputs, too.
  const inputs = graph.input.filter(({ name }) => !weights.has(name) && !constants.includes(name));
  const [first, second] = inputs;
  if (!first || second) {
    const names = inputs.map((value) => value.name).join(', ') || 'none';
    throw notAPictureNetwork(`its inputs are ${names}, not one picture`);
  }
  const input = pictureTensor(first, hints.layout);
  if (!input) throw notAPictureNetwork(`its input is ${describe(first)}, not a picture`);
  const outputs = graph.output.map((value) => pictureTensor(value, hints.layout ?? input.layout));
  const output = outputs.find((candidate) => candidate !== undefined);
  if (!output)
    throw notAPictureNetwork(`its output is ${graph.output.map(describe).join(', ')}, not a picture`);
  return { input, output };
}

/** Whether pictures of any size may be given. */
export function isOfFreeSize({ height, width }: PictureTensor): boolean {
  return typeof height === 'string' && typeof width === 'string';
}

/** A picture's shape with the sizes filled in. */
export function pictureShape(
  { rank, channels }: Pick<PictureTensor, 'rank' | 'channels'>,
  layout: TensorLayout,
  height: number,
  width: number,
): number[] {
  const picture = layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  return rank === 4 ? [1, ...picture] : picture;
}

/** The size of a picture in a tensor; `undefined` where the shape is no such picture's. */
export function pictureSize(
  shape: readonly number[],
  channels: 1 | 3,
  layout: TensorLayout | undefined,
): { height: number; width: number; layout: TensorLayout } | undefined {
  const [a = 0, b = 0, c = 0] = shape.length === 4 ? shape.slice(1) : shape;
  if (shape.length < 3 || shape.length > 4 || (shape.length === 4 && shape[0] !== 1)) return undefined;
  if (a === channels && layout !== 'nhwc') return { height: b, width: c, layout: 'nchw' };
  if (c === channels && layout !== 'nchw') return { height: a, width: b, layout: 'nhwc' };
  return undefined;
}

/** The error for a model that is no image-to-image network, and why. */
export function notAPictureNetwork(reason: string): VidstyleError {
  return new VidstyleError('model', `The model does not turn one picture into another: ${reason}.`);
}

function pictureTensor(value: OnnxValueInfo, told: TensorLayout | undefined): PictureTensor | undefined {
  const dimensions = dimensionsOf(value);
  const type = elementTypes.get(value.type.tensor_type.elem_type);
  // A graph without shapes says nothing; what it really makes shows when it runs.
  const unknown = dimensions.length === 0;
  if (!type || !(unknown || dimensions.length === 3 || dimensions.length === 4)) return undefined;
  const rank = dimensions.length === 3 ? 3 : 4;
  const [batch = 1, ...picture] = unknown ? [1, '', '', ''] : rank === 4 ? dimensions : [1, ...dimensions];
  const layout = told ?? layoutOf(picture);
  if (typeof batch === 'number' && batch !== 1) return undefined;
  const [height = '', width = ''] = layout === 'nhwc' ? picture : picture.slice(1);
  const channels = layout === 'nhwc' ? picture[2] : picture[0];
  if (typeof channels === 'number' && channels !== 3 && channels !== 1) return undefined;
  return { name: value.name, type, layout, channels: channels === 1 ? 1 : 3, rank, batch, height, width };
}

function layoutOf([first, , last]: readonly Dimension[]): TensorLayout | undefined {
  if (first === 3) return 'nchw';
  if (last === 3) return 'nhwc';
  if (first === 1) return 'nchw';
  if (last === 1) return 'nhwc';
  // Something fixed that is neither 3 nor 1 is not the channels' axis.
  if (typeof first === 'number' && typeof last !== 'number') return 'nhwc';
  if (typeof last === 'number' && typeof first !== 'number') return 'nchw';
  return undefined;
}

function dimensionsOf(value: OnnxValueInfo): Dimension[] {
  const { shape } = value.type.tensor_type;
  return shape.dim.map(({ dim_value: size = 0, dim_param: name = '' }) => (size > 0 ? size : name));
}

function describe(value: OnnxValueInfo): string {
  const dimensions = dimensionsOf(value).map((dimension) => (dimension === '' ? '?' : dimension));
  return `"${value.name}" of shape [${dimensions.join(', ')}]`;
}

const elementTypes = new Map<number, ElementType>([
  [elementType.float, 'float32'],
  [elementType.uint8, 'uint8'],
  [elementType.uint16, 'uint16'],
  [elementType.float16, 'float16'],
]);
