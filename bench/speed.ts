/**
 * The goals of speed, on your clip and machine: end to end (decode, network, encode) through each engine that is there, and
 * the time from starting the command to its first frame. Engines take turns, so that a busy machine touches all
 * alike; medians and ranges over the rounds.
 *
 *     node build/bench/speed.js clip.mp4 [rounds] [seconds of the clip] [engine,engine…]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineCandidates } from '../src/engines/candidates.js';
import type { EngineName } from '../src/engines/engine.js';
import { describeProcessor } from '../src/engines/processor.js';
import type { Job } from '../src/jobs/process.js';
import { restyle } from '../src/jobs/restyle.js';
import { upscale } from '../src/jobs/upscale.js';
import { packageRoot } from '../src/paths.js';
import { spread } from '../src/evaluate/spread.js';

const [clip, rounds = '3', seconds = '3', wanted] = process.argv.slice(2);
if (clip === undefined)
  throw new Error('usage: node build/bench/speed.js clip.mp4 [rounds] [seconds] [engines]');
const duration = Number(seconds);
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-speed-'));
const output = join(folder, 'out.mp4');
const measured = new Map<string, number[]>();
const there = await engineCandidates();
const engines = wanted === undefined ? there : there.filter((name) => wanted.split(',').includes(name));

try {
  const { model, cores, instructions = [] } = await describeProcessor();
  console.log([model, `${cores} cores`, ...instructions].join(', '));
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const engine of engines) {
      const running = { engine, output, overwrite: true, duration };
      const size = { width: 640, height: 360 };
      const small = { width: 320, height: 180 };
      note('restyle 640×360, fps', engine, await pace(restyle(clip, { ...running, style: 'mosaic', size })));
      note(
        'upscale 320×180 ×4, fps',
        engine,
        await pace(upscale(clip, { ...running, scale: 4, size: small })),
      );
      note('start to first frame, s', engine, await startUp(clip, engine));
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
for (const [name, values] of measured) {
  console.log(`${name.padEnd(40)} ${spread(values, 2)}`);
}

/** Frames a second from the first finished frame to the last. */
async function pace(job: Job): Promise<number> {
  const doneAtMs: number[] = [];
  job.progress.subscribe(({ elapsedMs }) => doneAtMs.push(elapsedMs));
  await job.done;
  const [first = 0] = doneAtMs;
  return (1000 * (doneAtMs.length - 1)) / ((doneAtMs.at(-1) ?? 0) - first);
}

/** Seconds from the command's start until it says that one frame is done. */
async function startUp(input: string, engine: EngineName): Promise<number> {
  const command = ['src', 'cli', 'main.js'];
  const options = [
    '--style',
    'mosaic',
    '--size',
    '640x360',
    '--engine',
    engine,
    '--duration',
    '0.2',
    '--overwrite',
  ];
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(packageRoot, 'build', ...command), input, output, ...options]);
  let text = '';
  let firstMs = NaN;
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (Number.isNaN(firstMs) && /^1\/\d+ frames/m.test(text)) firstMs = performance.now() - startedMs;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(text);
  return firstMs / 1000;
}

function note(what: string, engine: EngineName, value: number): void {
  const name = `${what}, ${engine}`;
  measured.set(name, [...(measured.get(name) ?? []), value]);
}
