import { isVidstyleError, messageOf, VidstyleError } from '../errors.js';
import { halfTable } from './half.js';
import type { ModelHints, TensorLayout, ValueRange } from './model-hints.js';
import { Packer, rangeOf } from './pixels.js';
import { notAPictureNetwork, pictureShape, pictureSize, type PictureTensor } from './signature.js';
import { createTensor, type Tensor, type TensorBackend } from './tensor.js';
import { testCard, type TestCard } from './test-card.js';

/** A third-party model whose conventions are sought. */
export interface Unknown {
  readonly bytes: Uint8Array;
  readonly input: PictureTensor;
  readonly output: PictureTensor;
  readonly hints: ModelHints;
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly threads: number | undefined;
}

export interface Convention {
  readonly inputLayout: TensorLayout;
  readonly outputLayout: TensorLayout;
  readonly inputRange: ValueRange;
  readonly outputRange: ValueRange;
  readonly scale: number;
  readonly notices: readonly string[];
}

/** Side of the test card for models that take any size. */
const cardSize = 64;
const ranges: readonly ValueRange[] = ['0..1', '0..255', '-1..1'];

// What a reading must be better by to be preferred over the usual one. A network that is (nearly) linear, or one that
// normalises first, gives the same picture whatever it is fed, and then the choice matters as little as the scores differ.
const sameRangeBonus = 0.05;
const commonRangeBonus = 0.03;
/** Below this a result does not look like the card. */
const plausibleScore = 0.2;

/** One way of feeding the network, and how its result looks. */
interface Reading {
  readonly inputRange: ValueRange;
  readonly outputRange: ValueRange;
  readonly score: number;
  readonly shape: readonly number[];
}

/**
 * Runs a model on a test card under each range of values that is in use, and takes the one under which the result looks
 * most like a picture of the card: values inside their range, light where the card is light. How large the result's
 * values are gives the output's range, its size the scale.
 *
 * @throws VidstyleError 'model' when what comes out is no picture of a whole multiple of the card's size
 */
export async function probe(model: Unknown, backend: TensorBackend): Promise<Convention> {
  const { input, output, hints } = model;
  const card = testCard(
    typeof input.width === 'number' ? input.width : cardSize,
    typeof input.height === 'number' ? input.height : cardSize,
    { grey: input.channels === 1 },
  );
  const opened = await openProbe(model, card, backend);
  const { inputLayout } = opened;
  try {
    const readings: Reading[] = [];
    for (const range of rangesOf(input, hints.range)) readings.push(await read(model, card, opened, range));
    const best = readings.reduce((a, b) => (b.score > a.score ? b : a));
    const { scale, layout } = scaleOf(best.shape, output.channels, card, inputLayout);
    if (hints.scale !== undefined && hints.scale !== scale) {
      throw new VidstyleError('usage', `The model enlarges ${scale} times, not ${hints.scale} times.`);
    }
    const { inputRange, outputRange } = best;
    const notices = isSure(readings) ? [] : [unsureNotice(inputRange)];
    return { inputLayout, outputLayout: layout, inputRange, outputRange, scale, notices };
  } finally {
    await opened.close();
  }
}

async function read(model: Unknown, card: TestCard, opened: Probe, inputRange: ValueRange): Promise<Reading> {
  const { input, output, hints } = model;
  feed(card, input, opened.tensor, opened.inputLayout, inputRange);
  const result = await opened.run();
  const values = valuesOf(result, output.channels, card, opened.inputLayout);
  const told = hints.outputRange ?? (input.type === output.type ? hints.range : undefined);
  const outputRange = told ?? (isInteger(output) ? '0..255' : rangeThatHolds(values));
  const bonus =
    (inputRange === outputRange ? sameRangeBonus : 0) + (inputRange === '0..1' ? commonRangeBonus : 0);
  return { inputRange, outputRange, score: scoreOf(values, card, outputRange) + bonus, shape: result.shape };
}

/** The choice is good, clearly better than the next, or makes no difference. */
function isSure(readings: readonly Reading[]): boolean {
  const [best = 0, next = -Infinity, ...rest] = readings
    .map((reading) => reading.score)
    .sort((a, b) => b - a);
  const worst = rest.at(-1) ?? next;
  return best > plausibleScore || best - next > 2 * sameRangeBonus || best - worst < 2 * sameRangeBonus;
}

interface Probe {
  readonly inputLayout: TensorLayout;
  readonly tensor: Tensor;
  readonly run: () => Promise<Tensor>;
  readonly close: () => Promise<void>;
}

/** Opens the model for the card; where the graph does not tell the layout, takes the one with which it runs. */
async function openProbe(model: Unknown, card: TestCard, backend: TensorBackend): Promise<Probe> {
  const { input, output, constants, threads } = model;
  const layouts: readonly TensorLayout[] = input.layout ? [input.layout] : ['nchw', 'nhwc'];
  let failure: unknown;
  for (const inputLayout of layouts) {
    const tensor = createTensor(input.type, pictureShape(input, inputLayout, card.height, card.width));
    const session = await backend.open({
      model: model.bytes,
      freeDimensions: {},
      inputs: { ...constants, [input.name]: tensor },
      output: output.name,
      device: 'cpu',
      threads,
    });
    try {
      const first = await session.run();
      if (input.layout || pictureSize(first.shape, output.channels, undefined)) {
        return { inputLayout, tensor, run: () => session.run(), close: () => session.close() };
      }
      failure = undefined;
    } catch (error) {
      if (isVidstyleError(error) && error.code === 'memory') throw error;
      failure = error;
    }
    await session.close();
  }
  const reason =
    failure === undefined ? 'its result is no picture' : `it fails on one (${messageOf(failure)})`;
  throw notAPictureNetwork(reason);
}

function rangesOf(tensor: PictureTensor, told: ValueRange | undefined): readonly ValueRange[] {
  if (told) return [told];
  return isInteger(tensor) ? ['0..255'] : ranges;
}

function isInteger({ type }: PictureTensor): boolean {
  return type === 'uint8' || type === 'uint16';
}

/** The range that values of this size belong to; a little beyond its ends is what networks do at edges. */
function rangeThatHolds(values: Float32Array): ValueRange {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest > 2.5) return '0..255';
  const negative = values.reduce((count, value) => count + (value < -0.05 ? 1 : 0), 0);
  return negative > 0.02 * values.length ? '-1..1' : '0..1';
}

function feed(
  card: TestCard,
  input: PictureTensor,
  tensor: Tensor,
  layout: TensorLayout,
  range: ValueRange,
): void {
  const samples = Uint8Array.from(card.values, (value) => Math.round(value * 255));
  const region = { x: 0, y: 0, width: card.width, height: card.height };
  new Packer({ type: input.type, channels: input.channels, layout, range }, 'rgb8').pack(
    samples,
    card.width,
    card.height,
    region,
    tensor,
  );
}

/** The result as numbers of the card's size and order, blocks of an enlarged one averaged. */
function valuesOf(result: Tensor, channels: 1 | 3, card: TestCard, inputLayout: TensorLayout): Float32Array {
  const { scale, layout } = scaleOf(result.shape, channels, card, inputLayout);
  const halves = result.type === 'float16' ? halfTable() : undefined;
  const width = card.width * scale;
  const pixels = width * card.height * scale;
  const values = new Float32Array(card.values.length);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const y = Math.floor(pixel / width / scale);
    const x = Math.floor((pixel % width) / scale);
    for (let channel = 0; channel < 3; channel += 1) {
      const plane = channels === 1 ? 0 : channel;
      const at = layout === 'nchw' ? plane * pixels + pixel : pixel * channels + plane;
      const element = result.data[at] ?? 0;
      const to = (y * card.width + x) * 3 + channel;
      values[to] = (values[to] ?? 0) + (halves ? (halves[element] ?? 0) : element) / (scale * scale);
    }
  }
  return values;
}

function scaleOf(
  shape: readonly number[],
  channels: 1 | 3,
  card: TestCard,
  inputLayout: TensorLayout,
): { scale: number; layout: TensorLayout } {
  const size = pictureSize(shape, channels, inputLayout) ?? pictureSize(shape, channels, undefined);
  if (!size) throw notAPictureNetwork(`its result has the shape [${shape.join(', ')}]`);
  const scale = size.height / card.height;
  if (!Number.isInteger(scale) || scale < 1 || size.width !== card.width * scale) {
    const [from, to] = [`${card.width}×${card.height}`, `${size.width}×${size.height}`];
    throw new VidstyleError(
      'model',
      `The model makes ${to} of ${from} pixels, which is no whole enlargement.`,
    );
  }
  return { scale, layout: size.layout };
}

/**
 * 1: exactly the card or its negative. Likeness in structure counts for, distance and values out of range count against.
 */
function scoreOf(values: Float32Array, card: TestCard, range: ValueRange): number {
  const { gain, offset } = rangeOf(range, 1);
  const decoded = values.map((value) => (value - offset) / gain);
  const likeness = correlation(decoded, card.values);
  let excess = 0;
  let distance = 0;
  decoded.forEach((value, i) => {
    const light = card.values[i] ?? 0;
    excess += Math.max(0, value - 1, -value);
    distance += Math.abs(Math.min(1, Math.max(0, value)) - (likeness < 0 ? 1 - light : light));
  });
  const score = Math.abs(likeness) - (2 * excess + distance) / values.length;
  return Number.isFinite(score) ? score : -Infinity;
}

function correlation(a: Float32Array, b: Float32Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const da = (a[i] ?? 0) - meanA;
    const db = (b[i] ?? 0) - meanB;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function unsureNotice(range: ValueRange): string {
  return `The model's range of values could not be told from its results; ${range} is assumed.`;
}
