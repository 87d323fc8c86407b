/** Times vidstyle's own network on TensorFlow.js' WebAssembly backend, in a process of its own. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildNetwork } from '../../nets/families.js';
import { readMetadata } from '../../nets/metadata.js';
import { weightsFromOnnx } from '../../nets/onnx.js';
import { forward, toTensors, type Tf } from '../../nets/tfjs.js';

/** What the parent says. */
export interface WasmOrder {
  /** Folder whose `node_modules` has `@tensorflow/tfjs` and its wasm backend. */
  readonly folder: string;
  readonly model: string;
  readonly weights: readonly number[] | undefined;
  readonly frames: string;
  readonly width: number;
  readonly height: number;
  readonly rounds: number;
}

const order = JSON.parse(process.argv[2] ?? '{}') as WasmOrder;
const load = createRequire(join(order.folder, 'index.js'));
const tf = load('@tensorflow/tfjs') as Tf & { setBackend(name: string): Promise<boolean> };
const wasm = load('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
wasm.setWasmPaths(`${dirname(load.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');

const bytes = await readFile(order.model);
const metadata = readMetadata(bytes);
if (!metadata) throw new Error('the model is none of vidstyle');
const network = buildNetwork(metadata.network);
const parameters = toTensors(tf, weightsFromOnnx(bytes, network));
const run = forward(tf, network);
const style = order.weights && tf.tensor1d([...order.weights]);
const pixels = (await readFile(order.frames)).subarray(0, order.width * order.height * 3);
const forwardMs: number[] = [];
for (let round = -1; round < order.rounds; round += 1) {
  const startedMs = performance.now();
  const picture = tf.tensor4d(Float32Array.from(pixels), [1, order.height, order.width, 3]);
  const result = tf.tidy(() => run(parameters, picture, { style }).clipByValue(0, 255).round());
  await result.data();
  if (round >= 0) forwardMs.push(performance.now() - startedMs);
  tf.dispose([picture, result]);
}
process.stdout.write(
  `\n${JSON.stringify({ forwardMs, largestBytes: process.resourceUsage().maxRSS * 1024 })}`,
);
