/**
 * Memory of the main job: resident set of the process, threads included, on clips that it makes itself.
 *
 * - over time: a clip of ten minutes (320×180, 5 frames a second) with sound, mean of its first and of its last minute;
 * - at 1080p: the largest ever.
 *
 *     node build/bench/memory.js [style] [minutes]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { restyle } from '../src/index.js';
import { evenTimes, makeClip, type ClipOptions } from '../test/fixtures/clips.js';

const [style = 'mosaic', minutes = '10', clip, output = ''] = process.argv.slice(2);
const framesPerSecond = 5;

if (clip === undefined) await measure();
else console.log(JSON.stringify(await residentAtEachFrame(clip, output)));

/** Makes the clips and has a process of its own run each, so that neither inherits the other's memory. */
async function measure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-memory-'));
  try {
    await overTime(folder);
    await atFullHd(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function overTime(folder: string): Promise<void> {
  const { resident } = await run(folder, {
    width: 320,
    height: 180,
    timeBase: { num: 1, den: framesPerSecond },
    times: evenTimes(Number(minutes) * 60 * framesPerSecond),
    sound: ['eng'],
  });
  const minute = 60 * framesPerSecond;
  const means = Array.from({ length: Number(minutes) }, (_, i) =>
    mean(resident.slice(i * minute, (i + 1) * minute)),
  );
  const [first = NaN, last = NaN] = [means[0], means.at(-1)];
  const change = (100 * (last - first)) / first;
  console.log(
    `${minutes} minutes, ${resident.length} frames, minute by minute: ${means.map(mega).join(', ')}`,
  );
  console.log(`last against first minute: ${change.toFixed(1)}% (goal: within 5%)`);
}

async function atFullHd(folder: string): Promise<void> {
  const { resident, largest } = await run(folder, { width: 1920, height: 1080, times: evenTimes(60) });
  console.log(`1920×1080, ${resident.length} frames: largest ${mega(largest)} (goal: under 700 MB)`);
}

interface Memory {
  /** Bytes after each frame. */
  readonly resident: readonly number[];
  readonly largest: number;
}

async function run(folder: string, options: ClipOptions): Promise<Memory> {
  const path = join(folder, 'clip.mp4');
  await makeClip(path, options);
  const script = fileURLToPath(import.meta.url);
  const child = [script, style, minutes, path, join(folder, `out-${options.width}.mp4`)];
  const { stdout } = await promisify(execFile)(process.execPath, child, { maxBuffer: 1e8 });
  return JSON.parse(stdout) as Memory;
}

async function residentAtEachFrame(input: string, restyled: string): Promise<Memory> {
  const resident: number[] = [];
  const job = restyle(input, { style, output: restyled });
  job.progress.subscribe(() => resident.push(process.memoryUsage.rss()));
  await job.done;
  return { resident, largest: process.resourceUsage().maxRSS * 1024 };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
