/**
 * The paper's network (32 wide, instance normalisation, nearest-neighbour upsampling, 640×360) through each engine of ours, beside
 * PyTorch's fast neural style network, which has the same shape, and OpenVINO's own Python. All take turns in one run, every
 * round with one frame of each; weights are untrained, which changes no speed.
 *
 *     python3 -m venv peers && peers/bin/pip install torch openvino
 *     node build/bench/paper-network.js --python peers/bin/python [--rounds 15] [--threads 2] [--precision f32]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Engine } from '../src/engines/engine.js';
import { engine as onnxruntime } from '../src/engines/onnxruntime.js';
import { engine as openvino } from '../src/engines/openvino.js';
import { describeProcessor } from '../src/engines/processor.js';
import { frameBytes } from '../src/media/index.js';
import { paperStyleDefaults, paperStyleNet } from '../src/nets/style.js';
import { initialWeights } from '../src/nets/weights.js';
import { scripts } from '../src/evaluate/peers/whole-jobs.js';
import { encodePreset } from '../src/training/export.js';
import { median, spread } from '../src/evaluate/spread.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: String(availableParallelism()) },
    precision: { type: 'string', default: 'f32' },
  },
});
const { python, precision } = values;
if (!python || (precision !== 'f32' && precision !== 'bf16'))
  throw new Error('usage: paper-network --python FILE [--rounds N] [--threads N] [--precision f32|bf16]');

const geometry = { width: 640, height: 360, format: 'rgb8' } as const;
const threads = Number(values.threads);
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-bench-'));
const times = new Map<string, number[]>();
try {
  const file = join(folder, 'paper.onnx');
  await writeFile(file, paperModel());
  await using peers = await startPython(file);
  const runners = new Map([
    ['vidstyle on ONNX Runtime', await sessionOf(onnxruntime, file)],
    ['vidstyle on OpenVINO', await sessionOf(openvino, file)],
    ['OpenVINO in Python', () => peers.run('openvino')],
    ['PyTorch', () => peers.run('torch')],
  ]);
  const { model, cores, instructions = [] } = await describeProcessor();
  console.log([model, `${cores} cores`, ...instructions, peers.versions, precision].join(', '));
  for (let round = -1; round < Number(values.rounds); round += 1) {
    for (const [name, run] of runners) {
      const ms = await run();
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), ms]);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
for (const [name, ms] of times) console.log(`${name.padEnd(26)} ${spread(ms)} ms a frame`);
const ratio = (a: string, b: string): string =>
  (median(times.get(a) ?? []) / median(times.get(b) ?? [])).toFixed(2);
console.log(
  `PyTorch ÷ vidstyle on OpenVINO             ${ratio('PyTorch', 'vidstyle on OpenVINO')} (goal 2)`,
);
console.log(`PyTorch ÷ vidstyle on ONNX Runtime         ${ratio('PyTorch', 'vidstyle on ONNX Runtime')}`);
console.log(`OpenVINO in Python ÷ vidstyle on OpenVINO  ${ratio('OpenVINO in Python', 'vidstyle on OpenVINO')} (goal 0.95)`); // prettier-ignore
process.exit(); // sessions end with the process

async function sessionOf(engine: Engine, model: string): Promise<() => Promise<number>> {
  const session = await engine.open({ model, geometry, threads, precision: precision as 'f32' | 'bf16' });
  const input = new Uint8Array(new SharedArrayBuffer(frameBytes(geometry))).map((_, i) => (i * 7919) % 251);
  const result = new Uint8Array(new SharedArrayBuffer(frameBytes(geometry)));
  return async () => {
    const startedMs = performance.now();
    await session.run(input, result);
    return performance.now() - startedMs;
  };
}

interface Peers extends AsyncDisposable {
  readonly versions: string;
  run(name: string): Promise<number>;
}

async function startPython(model: string): Promise<Peers> {
  const { width, height } = geometry;
  const script = join(scripts, 'paper_by_turns.py');
  const wishes = [width, height, threads, precision].map(String);
  const child = spawn(python ?? '', [script, model, ...wishes], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('Python ended early');
    return line.value;
  };
  const versions = await answer();
  return {
    versions,
    run: async (name) => {
      child.stdin.write(`${name}\n`);
      return Number(await answer());
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

function paperModel(): Uint8Array {
  const options = {
    ...paperStyleDefaults,
    norm: 'instance',
    upsampling: 'nearest',
    output: 'linear',
  } as const;
  const network = { family: 'paper-style', options };
  const weights = initialWeights(paperStyleNet(options), 1);
  return encodePreset(weights, { kind: 'style', name: 'paper', network, recipe: {}, losses: {} });
}
