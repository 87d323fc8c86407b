/**
 * What it would gain, and cost, to normalise by statistics that are steady over a shot, folded into the convolutions, instead of each
 * picture's own: time a frame, the objective and the steadiness (warping error) of later pictures. The statistics are a moving
 * average that begins anew at the cut, so at the shot's first picture; `--rate` is the share of each new picture, 0 holds the first
 * one's. The shot is a camera that pans over a photograph by `--step` pixels a frame, halves included, so that the flow is known
 * exactly; with `--noise` each frame has noise of its own (σ, of 255).
 *
 *     node build/bench/steady-norms.js --styles DIR --vgg16 FILE [--preset FILE] [--only mosaic,candy] [--step 2.5]
 *         [--rate 0.1] [--noise 4] PHOTO…
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';
import { toFloat, type Raster } from '../src/metrics/raster.js';
import { warpingError } from '../src/metrics/warping-error.js';
import { parseModel, readMetadata } from '../src/nets/metadata.js';
import {
  elementType,
  encodeModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from '../src/nets/onnx-schema.js';
import { specialise } from '../src/nets/onnx.js';
import { instanceNormEpsilon } from '../src/nets/tfjs.js';
import { presetsFolder } from '../src/paths.js';
import { cut, readPixels, type Pixels } from '../src/training/photos.js';
import { median, spread } from '../src/evaluate/spread.js';
import { ObjectiveMeter } from '../src/evaluate/objective-meter.js';
import { styleObjectiveDefaults } from '../src/losses/objective.js';

const { values, positionals: photos } = parseArgs({
  allowPositionals: true,
  options: {
    styles: { type: 'string' },
    vgg16: { type: 'string' },
    preset: { type: 'string', default: join(presetsFolder, 'fast.onnx') },
    only: { type: 'string', default: 'mosaic,candy,udnie' },
    step: { type: 'string', default: '2.5' },
    rate: { type: 'string', default: '0.1' },
    noise: { type: 'string', default: '0' },
  },
});
if (!values.styles || !values.vgg16 || photos.length === 0)
  throw new Error('usage: steady-norms --styles DIR --vgg16 FILE [--preset FILE] [--only STYLES] PHOTO…');

const size = 256;
const [frames, rounds] = [16, 15];
const [step, rate] = [Number(values.step), Number(values.rate)];

const bytes = await readFile(values.preset);
const names = readMetadata(bytes)?.styles ?? [];
const lowered = parseModel(specialise(parseModel(bytes), { sample: 'uint8', lowered: true }));
const objective = await ObjectiveMeter.open(values.vgg16);
const asItIs = await open(lowered);
const norms = lowered.graph.node.filter(({ op_type }) => op_type === 'InstanceNormalization');
const probe = await open(
  withOutputs(
    lowered,
    norms.flatMap(({ input }) => input),
  ),
);
console.log('style | objective ÷ 1e6, own statistics → steady | warping error × 1e4, own → steady');
for (const name of values.only.split(',')) await compare(name);
await compareTimes();

async function compare(name: string): Promise<void> {
  const style = oneHot(name);
  const target = {
    picture: join(values.styles ?? '', `${name}.jpg`),
    pictureSize: 384,
    objective: styleObjectiveDefaults,
  };
  const rows: { objective: [number, number]; warping: [number, number] }[] = [];
  for (const photo of photos) {
    const shot = await pan(photo);
    const [first] = shot;
    if (!first) continue;
    const own = await Promise.all(shot.map((frame) => run(asItIs, frame, style)));
    const fixed = await runSteadily(shot, style);
    const last = shot.at(-1) ?? first;
    const reached = (pictures: readonly Pixels[]): Promise<number> =>
      objective.of(pictures.at(-1) ?? first, last, target);
    rows.push({
      objective: [await reached(own), await reached(fixed)],
      warping: [unsteadiness(own), unsteadiness(fixed)],
    });
  }
  const mean = (pick: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((sum, row) => sum + pick(row), 0) / rows.length;
  const [before, after] = [mean((row) => row.objective[0]), mean((row) => row.objective[1])];
  const [moving, steady] = [mean((row) => row.warping[0]), mean((row) => row.warping[1])];
  console.log(
    `${name} | ${(before / 1e6).toFixed(2)} → ${(after / 1e6).toFixed(2)} | ${(moving * 1e4).toFixed(2)} → ${(steady * 1e4).toFixed(2)}`,
  );
}

/** A shot by the moving average of its statistics. */
async function runSteadily(shot: readonly Pixels[], style: Float32Array): Promise<Pixels[]> {
  const results: Pixels[] = [];
  let statistics: Statistics | undefined;
  for (const frame of shot) {
    statistics = average(statistics, await observe(frame, style));
    const steady = await open(folded(statistics));
    results.push(await run(steady, frame, style));
    await steady.release();
  }
  return results;
}

/** Pairs at 640×360, one thread, by turns. */
async function compareTimes(): Promise<void> {
  const geometry = { width: 640, height: 360 };
  const picture = { ...geometry, data: new Uint8Array(640 * 360 * 3).map((_, i) => (i * 7919) % 251) };
  const style = oneHot(values.only.split(',')[0] ?? '');
  const corner = cut(picture, { left: 0, top: 0, width: size, height: size, mirrored: false });
  const steady = folded(await observe(corner, style));
  const [own, held] = [await open(lowered, geometry), await open(steady, geometry)];
  const ratios: number[] = [];
  for (let round = -2; round < rounds; round += 1) {
    const [before, after] = [await timed(own), await timed(held)];
    if (round >= 0) ratios.push(after / before);
  }
  console.log(`time with steady statistics ÷ with its own: ${spread(ratios, 3)}`);

  async function timed(session: ort.InferenceSession): Promise<number> {
    const before = process.cpuUsage();
    await run(session, picture, style);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  }
}

/** A camera that pans to the right, `step` pixels a frame: each pixel is the mean of four of a photograph of twice the size. */
async function pan(path: string): Promise<Pixels[]> {
  const photo = await readPixels(path, { shortSide: 2 * size });
  const reach = Math.min(frames, Math.floor((photo.width / 2 - size) / step));
  return Array.from({ length: reach }, (_, i) => {
    const left = Math.round(2 * i * step);
    const { data } = cut(photo, { left, top: 0, width: 2 * size, height: 2 * size, mirrored: false });
    return { width: size, height: size, data: halved(data).map(withNoise) };
  });
}

function halved(data: Uint8Array): Uint8Array {
  const row = 2 * size * 3;
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const [y, x, channel] = [Math.floor(i / (size * 3)), Math.floor(i / 3) % size, i % 3];
    const at = 2 * y * row + 2 * x * 3 + channel;
    const four = [at, at + 3, at + row, at + row + 3].map((each) => data[each] ?? 0);
    return Math.round(four.reduce((sum, value) => sum + value, 0) / 4);
  });
}

function withNoise(value: number): number {
  return Math.min(255, Math.max(0, value + noise()));
}

/** Roughly normal: the sum of four dice. */
function noise(): number {
  const dice = Math.random() + Math.random() + Math.random() + Math.random() - 2;
  return Math.round(dice * Math.sqrt(3) * Number(values.noise));
}

function unsteadiness(pictures: readonly Pixels[]): number {
  const flow = { width: size, height: size, channels: 2, data: new Float32Array(size * size * 2) };
  // A pixel of one frame lies `step` to the left in the next.
  for (let i = 0; i < flow.data.length; i += 2) flow.data[i] = -step;
  const visible = { width: size, height: size, channels: 1, data: new Uint8Array(size * size) };
  visible.data.forEach((_, i) => (visible.data[i] = i % size >= step ? 1 : 0));
  const raster = (pixels: Pixels): Raster => toFloat({ ...pixels, channels: 3 });
  return median(
    pictures
      .slice(1)
      .map((next, i) => warpingError(raster(pictures[i] ?? next), raster(next), flow, visible)),
  );
}

/** Of each normalisation, by the name of its result: what it measured, and what it was given. */
type Statistics = ReadonlyMap<
  string,
  Readonly<Record<'mean' | 'variance' | 'scale' | 'bias', ArrayLike<number>>>
>;

/** The statistics of one picture by itself. */
async function observe(picture: Pixels, style: Float32Array): Promise<Statistics> {
  const results = await probe.run(feeds(picture, style));
  return new Map(
    norms.map(({ input: [x = '', scale = '', bias = ''], output: [y = ''] }) => {
      const given = { scale: floatsOf(results[scale]), bias: floatsOf(results[bias]) };
      return [y, { ...moments(results[x]), ...given }];
    }),
  );
}

function average(before: Statistics | undefined, now: Statistics): Statistics {
  if (!before) return now;
  const mixed = (a: ArrayLike<number> = [], b: ArrayLike<number>): number[] =>
    Array.from(b, (value, i) => (1 - rate) * (a[i] ?? 0) + rate * value);
  return new Map(
    Array.from(now, ([y, { mean, variance, ...given }]) => {
      const old = before.get(y);
      return [y, { mean: mixed(old?.mean, mean), variance: mixed(old?.variance, variance), ...given }];
    }),
  );
}

/**
 * The model with these statistics in place of each picture's own: batch normalisation, which ONNX Runtime folds into the
 * convolution before it.
 */
function folded(statistics: Statistics): OnnxModel {
  const initializer: OnnxTensor[] = [];
  const floats = (name: string, data: Float32Array): string => {
    initializer.push({
      name,
      dims: [data.length],
      data_type: elementType.float,
      raw_data: new Uint8Array(data.buffer),
    });
    return name;
  };
  const renamed = new Map<string, string>();
  const node = lowered.graph.node.flatMap((each): OnnxNode[] => {
    if (!norms.includes(each)) return [each];
    const [x = ''] = each.input;
    const [y = ''] = each.output;
    const { mean = [], variance = [], scale = [], bias = [] } = statistics.get(y) ?? {};
    // Sub-pixels in channels of their own share their channel's statistics; what brings them together is left out.
    const reshape = lowered.graph.node.find(
      ({ op_type, output }) => op_type === 'Reshape' && output[0] === x,
    );
    const times = reshape ? 4 : 1;
    const after = lowered.graph.node.find(({ op_type, input }) => op_type === 'Reshape' && input[0] === y);
    if (reshape && after) renamed.set(after.output[0] ?? '', y);
    const vector = (kind: string, data: ArrayLike<number>): string =>
      floats(
        `${y}_${kind}`,
        Float32Array.from({ length: data.length * times }, (_, i) => data[Math.floor(i / times)] ?? 0),
      );
    const parameters = [
      vector('scale', scale),
      vector('bias', bias),
      vector('mean', mean),
      vector('variance', variance),
    ];
    const attribute = [{ name: 'epsilon', type: 1, f: instanceNormEpsilon }];
    return [
      {
        op_type: 'BatchNormalization',
        input: [reshape?.input[0] ?? x, ...parameters],
        output: [y],
        attribute,
      },
    ];
  });
  const graph = {
    ...lowered.graph,
    node: node
      .filter(({ output }) => !renamed.has(output[0] ?? ''))
      .map((each) => ({ ...each, input: each.input.map((name) => renamed.get(name) ?? name) })),
    initializer: [...lowered.graph.initializer, ...initializer],
  };
  return { ...lowered, graph };
}

function withOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  // Without a shape, which is not known here.
  const type = { tensor_type: { elem_type: elementType.float } } as OnnxValueInfo['type'];
  const output = names.map((name) => ({ name, type }));
  return { ...model, graph: { ...model.graph, output: [...model.graph.output, ...output] } };
}

function moments(tensor: ort.Tensor | undefined): { mean: number[]; variance: number[] } {
  const data = floatsOf(tensor);
  const channels = tensor?.dims[1] ?? 1;
  const length = data.length / channels;
  const mean: number[] = [];
  const variance: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const part = data.subarray(channel * length, (channel + 1) * length);
    const average = part.reduce((sum, value) => sum + value, 0) / length;
    mean.push(average);
    variance.push(part.reduce((sum, value) => sum + (value - average) ** 2, 0) / length);
  }
  return { mean, variance };
}

function floatsOf(tensor: ort.Tensor | undefined): Float32Array {
  return (tensor?.data ?? new Float32Array()) as Float32Array;
}

function open(
  model: OnnxModel,
  { width, height }: { readonly width: number; readonly height: number } = { width: size, height: size },
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    freeDimensionOverrides: { width, height },
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
}

function feeds({ width, height, data }: Pixels, style: Float32Array): Record<string, ort.Tensor> {
  const image = new ort.Tensor('uint8', Uint8Array.from(data), [1, height, width, 3]);
  return { image, style: new ort.Tensor('float32', style, [style.length]) };
}

async function run(session: ort.InferenceSession, picture: Pixels, style: Float32Array): Promise<Pixels> {
  const wanted = style.length > 0 && session.inputNames.includes('style') ? feeds(picture, style) : { image: feeds(picture, style)['image'] as ort.Tensor }; // prettier-ignore
  const { result } = await session.run(wanted, ['result']);
  return { ...picture, data: Uint8Array.from(result?.data as Uint8Array) };
}

function oneHot(name: string): Float32Array {
  return Float32Array.from(names, (each) => (each === name ? 1 : 0));
}
