/**
 * What it gains to write a preset anew before it runs (`src/nets/lowering.ts`): the model file as it is against the model
 * that a session opens, in ONNX Runtime, by turns in one process.
 *
 *     node build/bench/lowering.js [preset.onnx] [threads] [width] [height] [rounds]
 */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { parseModel, readMetadata } from '../src/nets/metadata.js';
import { specialise } from '../src/nets/onnx.js';
import { presetsFolder } from '../src/paths.js';
import { spread } from '../src/evaluate/spread.js';

const [preset = join(presetsFolder, 'fast.onnx'), ...numbers] = process.argv.slice(2);
const [threads = 1, width = 640, height = 360, rounds = 15] = numbers.map(Number);

const model = await readFile(preset);
const styles = readMetadata(model)?.styles.length ?? 0;
const [written, lowered] = await Promise.all([
  open(model),
  open(specialise(parseModel(model), { sample: 'uint8', lowered: true })),
]);
const times: { written: number[]; lowered: number[] } = { written: [], lowered: [] };
for (let round = -2; round < rounds; round += 1) {
  const [first, second] = [await time(written), await time(lowered)];
  if (round < 0) continue; // warm-up
  times.written.push(first);
  times.lowered.push(second);
}
const ratios = times.written.map((time, i) => (times.lowered[i] ?? NaN) / time);
console.log(`${cpus()[0]?.model ?? ''}, ${threads} threads, ${width}×${height}, ${rounds} rounds`);
console.log(`as written  ${spread(times.written)} ms`);
console.log(`as run      ${spread(times.lowered)} ms`);
console.log(`ratio       ${spread(ratios, 3)}`);

function open(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    freeDimensionOverrides: { width, height },
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
}

async function time(session: ort.InferenceSession): Promise<number> {
  const image = new ort.Tensor('uint8', new Uint8Array(width * height * 3).fill(99), [1, height, width, 3]);
  const weights = Float32Array.from({ length: styles }, (_, i) => (i === 0 ? 1 : 0));
  const style = styles > 0 && { style: new ort.Tensor('float32', weights, [styles]) };
  const startedAt = performance.now();
  await session.run({ image, ...style });
  return performance.now() - startedAt;
}
