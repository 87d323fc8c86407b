import { isVidstyleError, VidstyleError } from '../errors.js';
import { enlargementBetween, likelyEnlargement, type Enlargement, type Observed } from './enlargement.js';
import { likenessOf, rangeThatHolds } from './likeness.js';
import type { TensorLayout, ValueRange } from './model-hints.js';
import { Probe, type Unknown } from './probe.js';
import { isOfFreeSize, notAPictureNetwork, type PictureTensor } from './signature.js';
import type { TensorBackend } from './tensor.js';
import { testCard } from './test-card.js';

/** How a model takes and gives pictures. */
export interface Convention {
  readonly inputLayout: TensorLayout;
  readonly outputLayout: TensorLayout;
  readonly inputRange: ValueRange;
  readonly outputRange: ValueRange;
  readonly enlargement: Enlargement;
  readonly notices: readonly string[];
}

/** Side of the test card for models that take any size. */
const cardSize = 64;
/** Side of a second one: a scale and a border that is cut off show by two sizes together. */
const largerCardSize = 80;
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
  readonly outputLayout: TensorLayout;
  readonly score: number;
}

/** What graph and hints say together; `undefined` where that is not all. */
export function toldConvention({ input, output, hints }: Unknown): Convention | undefined {
  const scale = hints.scale ?? scaleOfShapes(input, output);
  const inputRange = isInteger(input) ? '0..255' : hints.range;
  const outputRange = isInteger(output) ? '0..255' : (hints.outputRange ?? hints.range);
  const { layout: inputLayout } = input;
  if (!inputLayout || !inputRange || !outputRange || scale === undefined) return undefined;
  return {
    inputLayout,
    outputLayout: output.layout ?? inputLayout,
    inputRange,
    outputRange,
    enlargement: { scale, margin: 0 },
    notices: [],
  };
}

/**
 * Runs a model on a test card under each range of values that is in use, and takes the one under which the result looks
 * most like a picture of the card: values inside their range, light where the card is light. How large the result's
 * values are gives the output's range; how the result's size changes with the picture's gives the scale, and what is cut off.
 *
 * @throws VidstyleError 'model' when what comes out is no picture of a whole multiple of the card's size
 */
export async function findConvention(model: Unknown, backend: TensorBackend): Promise<Convention> {
  const { input, hints } = model;
  const card = testCard(
    typeof input.width === 'number' ? input.width : cardSize,
    typeof input.height === 'number' ? input.height : cardSize,
    { grey: input.channels === 1 },
  );
  const probe = await Probe.open(model, card, backend);
  try {
    const enlargement = await findEnlargement(model, probe, backend);
    const { scale } = enlargement;
    if (hints.scale !== undefined && hints.scale !== scale) {
      throw new VidstyleError('usage', `The model enlarges ${scale} times, not ${hints.scale} times.`);
    }
    const readings: Reading[] = [];
    for (const range of rangesOf(input, hints.range)) {
      readings.push(await read(model, probe, enlargement, range));
    }
    const { score, ...best } = readings.reduce((a, b) => (b.score > a.score ? b : a));
    const notices = isSure(score, readings) ? [] : [unsureNotice(best.inputRange)];
    return { inputLayout: probe.inputLayout, ...best, enlargement, notices };
  } finally {
    await probe.close();
  }
}

/** @throws VidstyleError 'model' when the result is no picture of a whole multiple of the card's size, borders aside */
async function findEnlargement(model: Unknown, probe: Probe, backend: TensorBackend): Promise<Enlargement> {
  const seen = await probe.observe();
  const larger = isOfFreeSize(model.input) ? await observeLarger(model, backend) : undefined;
  const enlargement = larger ? enlargementBetween(seen, larger) : likelyEnlargement(seen);
  if (enlargement) return enlargement;
  const [from, to] = [seen.from, seen.to].map(({ width, height }) => `${width}×${height}`);
  throw notAPictureNetwork(`it makes ${to} of ${from} pixels, which is no whole enlargement`);
}

/** `undefined` where the network does not take the larger card, or memory does not suffice for it. */
async function observeLarger(model: Unknown, backend: TensorBackend): Promise<Observed | undefined> {
  try {
    const probe = await Probe.open(model, testCard(largerCardSize, largerCardSize), backend);
    return await probe.observe().finally(() => probe.close());
  } catch (error) {
    if (isVidstyleError(error)) return undefined;
    throw error;
  }
}

async function read(
  model: Unknown,
  probe: Probe,
  enlargement: Enlargement,
  inputRange: ValueRange,
): Promise<Reading> {
  const { input, output, hints } = model;
  const { values, seen, layout } = await probe.run(inputRange, enlargement);
  const told = hints.outputRange ?? (input.type === output.type ? hints.range : undefined);
  const outputRange = told ?? (isInteger(output) ? '0..255' : rangeThatHolds(values));
  const bonus =
    (inputRange === outputRange ? sameRangeBonus : 0) + (inputRange === '0..1' ? commonRangeBonus : 0);
  return {
    inputRange,
    outputRange,
    outputLayout: layout,
    score: likenessOf(values, seen, outputRange) + bonus,
  };
}

/** The choice is good, clearly better than the next, or makes no difference. */
function isSure(best: number, readings: readonly Reading[]): boolean {
  const scores = readings.map((reading) => reading.score).sort((a, b) => b - a);
  const clear = 2 * sameRangeBonus;
  const next = scores[1] ?? -Infinity;
  const worst = scores.at(-1) ?? best;
  return best > plausibleScore || best - next > clear || best - worst < clear;
}

function scaleOfShapes(input: PictureTensor, output: PictureTensor): number | undefined {
  const sides = [input.height, input.width, output.height, output.width];
  const [height = 0, width = 0, outputHeight = 0, outputWidth = 0] = sides.map(Number);
  const scale = outputHeight / height;
  return Number.isInteger(scale) && scale >= 1 && outputWidth === width * scale ? scale : undefined;
}

function rangesOf(tensor: PictureTensor, told: ValueRange | undefined): readonly ValueRange[] {
  if (told) return [told];
  return isInteger(tensor) ? ['0..255'] : ranges;
}

function isInteger({ type }: PictureTensor): boolean {
  return type === 'uint8' || type === 'uint16';
}

function unsureNotice(range: ValueRange): string {
  return `The model's range of values could not be told from its results; ${range} is assumed.`;
}
