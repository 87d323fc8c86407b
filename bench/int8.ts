/**
 * Whether 8-bit integers make the fast family's convolutions faster on this processor: each convolution of the network at
 * 640×360 in float32, and quantised (static, per output channel) between QuantizeLinear and DequantizeLinear, since the
 * normalisation after it needs floats. ONNX Runtime, one thread, processor time, by turns.
 *
 *     node build/bench/int8.js [rounds]
 */
import { cpus } from 'node:os';
import ort from 'onnxruntime-node';
import { GraphBuilder } from '../src/nets/onnx-graph.js';
import { elementType, encodeModel, valueInfo, type OnnxTensor } from '../src/nets/onnx-schema.js';
import { median, spread } from '../src/evaluate/spread.js';

interface Shape {
  readonly input: number;
  readonly output: number;
  readonly width: number;
  readonly height: number;
  /** How often the network has such a convolution. */
  readonly count: number;
}

const shapes: readonly Shape[] = [
  { input: 12, output: 16, width: 320, height: 180, count: 1 },
  { input: 40, output: 40, width: 160, height: 90, count: 8 },
  { input: 16, output: 32, width: 320, height: 180, count: 1 },
  { input: 32, output: 12, width: 320, height: 180, count: 1 },
];
/** TensorProto.DataType. */
const [int8, int32] = [3, 6];
const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

const [rounds = 15] = process.argv.slice(2).map(Number);
const repeats = 5;

console.log(`${cpus()[0]?.model ?? ''}, one thread`);
const totals = { float: 0, int8: 0 };
for (const shape of shapes) {
  const [float, quantised] = [await open(shape, floatConv), await open(shape, quantisedConv)];
  const times: { float: number[]; int8: number[] } = { float: [], int8: [] };
  for (let round = -2; round < rounds; round += 1) {
    const [first, second] = [await time(float, shape), await time(quantised, shape)];
    if (round < 0) continue; // warm-up
    times.float.push(first);
    times.int8.push(second);
  }
  const { input, output, width, height, count } = shape;
  totals.float += count * median(times.float);
  totals.int8 += count * median(times.int8);
  const ratios = times.float.map((time, i) => (times.int8[i] ?? NaN) / time);
  console.log(
    `${count} × ${input} → ${output}, ${width}×${height}: float32 ${spread(times.float, 2)} ms, int8 ${spread(times.int8, 2)} ms, ratio ${spread(ratios, 2)}`,
  );
}
console.log(`all of them: ${(totals.int8 / totals.float).toFixed(2)}`);

type Conv = (graph: GraphBuilder, shape: Shape) => string;

function floatConv(graph: GraphBuilder, { input, output }: Shape): string {
  const kernel = graph.floats('kernel', [output, input, 3, 3], Float32Array.from(noise(output * input * 9)));
  return graph.op('Conv', ['x', kernel, graph.vector(noise(output))], attributes, 'y');
}

function quantisedConv(graph: GraphBuilder, { input, output }: Shape): string {
  const add = (name: string, data_type: number, dims: readonly number[], raw_data: Uint8Array): string => {
    graph.initializers.push({ name, data_type, dims, raw_data } satisfies OnnxTensor);
    return name;
  };
  const scale = (name: string, value: number, dims: readonly number[] = []): string =>
    graph.floats(name, dims, new Float32Array(dims[0] ?? 1).fill(value));
  const zero = add('zero', elementType.uint8, [], Uint8Array.of(128));
  const [xScale, yScale, kernelScale] = [
    scale('x_scale', 0.02),
    scale('y_scale', 0.2),
    scale('kernel_scale', 0.01, [output]),
  ];
  const integers = Int8Array.from(noise(output * input * 9), (value) => Math.round(100 * value));
  const kernel = add('kernel', int8, [output, input, 3, 3], new Uint8Array(integers.buffer));
  const kernelZero = add('kernel_zero', int8, [output], new Uint8Array(output));
  const bias = add('bias', int32, [output], new Uint8Array(4 * output));
  const quantised = graph.op('QuantizeLinear', ['x', xScale, zero]);
  const inputs = [quantised, xScale, zero, kernel, kernelScale, kernelZero, yScale, zero, bias];
  return graph.op('DequantizeLinear', [graph.op('QLinearConv', inputs, attributes), yScale, zero], {}, 'y');
}

function open(shape: Shape, conv: Conv): Promise<ort.InferenceSession> {
  const graph = new GraphBuilder();
  conv(graph, shape);
  const { input, output, width, height } = shape;
  const value = (name: string, channels: number) =>
    valueInfo(name, elementType.float, [1, channels, height, width]);
  const ends = { input: [value('x', input)], output: [value('y', output)] };
  const model = encodeModel(graph.model('convolution', ends));
  return ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

/** Processor time of one run, milliseconds. */
async function time(session: ort.InferenceSession, { input, width, height }: Shape): Promise<number> {
  const x = new ort.Tensor('float32', new Float32Array(input * width * height).fill(0.5), [
    1,
    input,
    height,
    width,
  ]);
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i += 1) await session.run({ x });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / repeats;
}

function noise(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) / 2);
}
