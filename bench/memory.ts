/**
 * Memory of the main job: resident set of the command, threads included, on clips that this makes itself. Needs Linux.
 *
 * - over time: a clip of ten minutes (320×180, 5 frames a second) with sound, mean of its first and of its last minute;
 * - at 1080p: the largest ever.
 *
 *     node build/bench/memory.js [style] [minutes]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../src/paths.js';
import { evenTimes, makeClip, type ClipOptions } from '../test/fixtures/clips.js';

const [style = 'mosaic', minutes = '10'] = process.argv.slice(2);
const framesPerSecond = 5;
const cli = join(packageRoot, 'build/src/cli/main.js');

const folder = await mkdtemp(join(tmpdir(), 'vidstyle-memory-'));
try {
  await overTime();
  await atFullHd();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function overTime(): Promise<void> {
  const frames = Number(minutes) * 60 * framesPerSecond;
  const { resident } = await run({
    width: 320,
    height: 180,
    timeBase: { num: 1, den: framesPerSecond },
    times: evenTimes(frames),
    sound: ['eng'],
  });
  const minute = resident.length / Number(minutes);
  const means = Array.from({ length: Number(minutes) }, (_, i) =>
    mean(resident.slice(Math.round(i * minute), Math.round((i + 1) * minute))),
  );
  const [first = NaN, last = NaN] = [means[0], means.at(-1)];
  const change = (100 * (last - first)) / first;
  console.log(`${minutes} minutes, ${frames} frames, minute by minute: ${means.map(mega).join(', ')}`);
  console.log(`last against first minute: ${change.toFixed(1)}% (goal: within 5%)`);
}

async function atFullHd(): Promise<void> {
  const { largest } = await run({ width: 1920, height: 1080, times: evenTimes(60) });
  console.log(`1920×1080, 60 frames: largest ${mega(largest)} (goal: under 700 MB)`);
}

interface Memory {
  /** Bytes, four times a second from the first frame on: frames take equal times, so that minutes are equal parts. */
  readonly resident: readonly number[];
  readonly largest: number;
}

async function run(options: ClipOptions): Promise<Memory> {
  const path = join(folder, `clip-${options.width}.mp4`);
  await makeClip(path, options);
  const inputs = [cli, path, join(folder, `out-${options.width}.mp4`), '--style', style];
  const child = spawn(process.execPath, [...(await nodeFlags()), ...inputs], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  await once(child.stderr, 'data');
  child.stderr.resume();
  const resident: number[] = [];
  let largest = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    const [now, peak] = [kilobytes(status, 'VmRSS'), kilobytes(status, 'VmHWM')];
    if (now !== undefined) resident.push(now * 1024);
    largest = Math.max(largest, (peak ?? 0) * 1024);
    await sleep(250);
  }
  await ended;
  if (child.exitCode !== 0) throw new Error(`vidstyle ended with ${child.exitCode ?? child.signalCode}`);
  return { resident, largest };
}

/** What the command's first line starts Node with. */
async function nodeFlags(): Promise<string[]> {
  const [first = ''] = (await readFile(cli, 'utf8')).split('\n', 1);
  return first.split(' ').filter((word) => word.startsWith('--'));
}

function kilobytes(status: string, field: string): number | undefined {
  const found = new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
