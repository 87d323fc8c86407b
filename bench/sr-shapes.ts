/**
 * Milliseconds a frame of candidate shapes for the practical super-resolution network, 320×180 → 1280×720, untrained,
 * through each engine that is there; the whole model, from RGB to RGB. All take turns, so that a drifting clock touches
 * all alike.
 *
 *     node build/bench/sr-shapes.js [threads] [rounds]
 */
import { engine as onnxruntime } from '../src/engines/onnxruntime.js';
import type { Engine, EngineSession } from '../src/engines/engine.js';
import { engine as openvino } from '../src/engines/openvino.js';
import { findOpenvino } from '../src/engines/openvino/library-places.js';
import { spread } from '../src/evaluate/spread.js';
import { frameBytes, type FrameGeometry } from '../src/media/frames.js';
import { parametersOf } from '../src/nets/layers.js';
import { toOnnx } from '../src/nets/onnx.js';
import { ecbsrNet, type PlainSrOptions } from '../src/nets/sr.js';
import { initialWeights } from '../src/nets/weights.js';

const [threads = 2, rounds = 15] = process.argv.slice(2).map(Number);
const geometry: FrameGeometry = { width: 320, height: 180, format: 'rgb8' };
const shapes: readonly Pick<PlainSrOptions, 'blocks' | 'width'>[] = [
  { blocks: 4, width: 16 },
  { blocks: 10, width: 16 },
  { blocks: 14, width: 16 },
  { blocks: 10, width: 20 },
  { blocks: 6, width: 24 },
  { blocks: 10, width: 24 },
  { blocks: 10, width: 32 },
  { blocks: 16, width: 32 },
];

interface Candidate {
  readonly name: string;
  readonly session: EngineSession;
  readonly output: Uint8Array;
  readonly times: number[];
}

const frame = new Uint8Array(new SharedArrayBuffer(frameBytes(geometry)));
for (let i = 0; i < frame.length; i++) frame[i] = (i * 2654435761) >>> 24;

const candidates: Candidate[] = [];
for (const shape of shapes) {
  const network = ecbsrNet(shape);
  const parameters = parametersOf(network).reduce(
    (sum, { shape: of }) => sum + of.reduce((a, b) => a * b, 1),
    0,
  );
  const name = `${shape.blocks} blocks of ${shape.width}, ${parameters} parameters`;
  const model = toOnnx(network, initialWeights(network, 1), {
    kind: 'sr',
    name,
    version: 1,
    producer: 'bench',
    network: { family: 'ecbsr', options: { ...shape } },
    styles: [],
    scale: network.scale,
    minimumSize: 1,
    recipe: {},
    losses: {},
    licence: 'MIT',
  });
  const open = async (what: string, engine: Engine, precision: 'auto' | 'f32' | 'bf16') => {
    const session = await engine.open({ model, geometry, threads, precision });
    const output = new Uint8Array(new SharedArrayBuffer(frameBytes(session.outputGeometry)));
    candidates.push({ name: `${name}, ${what}`, session, output, times: [] });
  };
  await open('ONNX Runtime', onnxruntime, 'auto');
  if ((await findOpenvino()) !== undefined) {
    await open('OpenVINO float32', openvino, 'f32');
    await open('OpenVINO, its choice', openvino, 'auto');
  }
}

for (let round = 0; round <= rounds; round++) {
  for (const { session, output, times } of candidates) {
    const start = performance.now();
    await session.run(frame, output);
    if (round > 0) times.push(performance.now() - start);
  }
}

console.log(`${threads} threads, median (min–max) of ${rounds} runs`);
for (const { name, session, times } of candidates) {
  console.log(`${name.padEnd(52)} ${spread(times)} ms  ${session.description}`);
  await session.close();
}
