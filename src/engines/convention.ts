import { VidstyleError } from '../errors.js';
import { likenessOf, rangeThatHolds } from './likeness.js';
import type { TensorLayout, ValueRange } from './model-hints.js';
import { Probe, type Unknown } from './probe.js';
import type { PictureTensor } from './signature.js';
import type { TensorBackend } from './tensor.js';
import { testCard, type TestCard } from './test-card.js';

/** How a model takes and gives pictures. */
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
  readonly outputLayout: TensorLayout;
  readonly scale: number;
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
    scale,
    notices: [],
  };
}

/**
 * Runs a model on a test card under each range of values that is in use, and takes the one under which the result looks
 * most like a picture of the card: values inside their range, light where the card is light. How large the result's
 * values are gives the output's range, its size the scale.
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
    const readings: Reading[] = [];
    for (const range of rangesOf(input, hints.range)) readings.push(await read(model, probe, card, range));
    const { score, ...best } = readings.reduce((a, b) => (b.score > a.score ? b : a));
    if (hints.scale !== undefined && hints.scale !== best.scale) {
      throw new VidstyleError('usage', `The model enlarges ${best.scale} times, not ${hints.scale} times.`);
    }
    const notices = isSure(score, readings) ? [] : [unsureNotice(best.inputRange)];
    return { inputLayout: probe.inputLayout, ...best, notices };
  } finally {
    await probe.close();
  }
}

async function read(model: Unknown, probe: Probe, card: TestCard, inputRange: ValueRange): Promise<Reading> {
  const { input, output, hints } = model;
  const { values, scale, layout } = await probe.run(inputRange);
  const told = hints.outputRange ?? (input.type === output.type ? hints.range : undefined);
  const outputRange = told ?? (isInteger(output) ? '0..255' : rangeThatHolds(values));
  const bonus =
    (inputRange === outputRange ? sameRangeBonus : 0) + (inputRange === '0..1' ? commonRangeBonus : 0);
  return {
    inputRange,
    outputRange,
    outputLayout: layout,
    scale,
    score: likenessOf(values, card, outputRange) + bonus,
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
