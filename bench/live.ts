/**
 * Live restyling, measured at a viewer of the output: a test signal goes by RTMP through a server in this process, vidstyle in
 * a process of its own, and the server again. A clock is drawn into every picture as its number,
 * which strength 0 leaves legible at the network's full work.
 *
 * - delay from a picture's sending to its arrival at the viewer, both decoders and the server included: median, p95;
 * - pictures a second restyled, and how many were dropped or repeated;
 * - how long after the request another style shows at the viewer, and whether the output has a gap meanwhile;
 * - how far apart sound and picture are in the output, in the first minute, in the last and at most;
 * - memory of vidstyle's process: its first minute, its last, the largest, and the slope of the line through all but the first minute.
 *
 * Every minute has a line, and nothing is kept of it here but sums, so that the run may take hours.
 *
 *     node build/bench/live.js [minutes] [engine] [WxH] [latency in ms]
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LiveStatus, Look } from '../src/index.js';
import { packageRoot } from '../src/paths.js';
import { freePort, startRtmpServer } from '../test/live/rtmp-server.js';
import { TestSignal } from '../test/live/test-signal.js';
import { largestInterval, until, Watcher, type Seen } from '../test/live/watcher.js';
import { median } from '../src/evaluate/spread.js';
import { MemoryTally, ViewerTally } from './live-tally.js';

const [minutes = '2', engine = 'auto', size = '640x360', latencyMs = '500'] = process.argv.slice(2);
const [width = 640, height = 360] = size.split('x').map(Number);
const fps = 24;
/** The styles' hues differ by more, two pictures' of one style by less. */
const hueStep = 5;

const server = await startRtmpServer();
const signal = await TestSignal.start(server.url('in'), { width, height, fps });
const port = await freePort();
const child = spawn(
  process.execPath,
  [
    ...[join(packageRoot, 'build/src/cli/main.js'), 'live', server.url('in'), server.url('out')],
    ...['--style', 'mosaic', '--strength', '0'],
    ...['--engine', engine, '--latency-ms', latencyMs, '--console', String(port)],
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const ended = new Promise((resolve) => child.once('exit', resolve));
try {
  await until(() => server.sessions('out', 'publisher').length > 0, 'the output', 60_000);
  const watcher = await Watcher.start(server.url('out'));
  await delay(5000); // the working size may step, decoders settle
  watcher.pictures.length = 0;
  watcher.onsetsMs.length = 0;
  const viewer = new ViewerTally(watcher, signal.sentAt);
  const memory = new MemoryTally(Number(minutes) > 1 ? 60 : 0);
  const before = await status();
  await watchMinutes(viewer, memory);
  reportStream(viewer, before, await status());
  reportMemory(memory);
  await reportSwitches(watcher);
  await watcher.stop();
} finally {
  child.kill('SIGINT');
  await ended;
  await signal.stop();
  await server.stop();
}

/** A line a minute, and one for what is left of the last. */
async function watchMinutes(viewer: ViewerTally, memory: MemoryTally): Promise<void> {
  const seconds = Math.round(Number(minutes) * 60);
  let { dropped } = (await status()).totals;
  for (let second = 1; second <= seconds; second += 1) {
    await delay(1000);
    const pages = (await readFile(`/proc/${child.pid}/statm`, 'utf8')).split(' ')[1];
    memory.add(Number(pages) * 4096);
    if (second % 60 !== 0 && second < seconds) continue;
    viewer.count(second === seconds);
    const { totals, workingSize } = await status();
    console.log(
      `minute ${Math.ceil(second / 60)}: ${mega(memory.endMinute())} MB, ${totals.dropped - dropped} dropped, sound after picture ${median(viewer.lastOffsets).toFixed(0)} ms, ${workingSize.width}×${workingSize.height}`,
    );
    dropped = totals.dropped;
  }
}

function reportMemory({ first, last, largest, slope }: MemoryTally): void {
  const change = 100 * (last / first - 1);
  console.log(
    `memory  first minute ${mega(first)} MB, last ${mega(last)} MB (${change > 0 ? '+' : ''}${change.toFixed(1)}%), largest ${mega(largest)} MB, slope ${(slope / 1e6).toFixed(2)} MB a minute`,
  );
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

async function turnTo(look: Partial<Look>): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/api/look`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(look),
  });
}

async function status(): Promise<LiveStatus> {
  return (await (await fetch(`http://127.0.0.1:${port}/api/status`)).json()) as LiveStatus;
}

function reportStream(viewer: ViewerTally, before: LiveStatus, after: LiveStatus): void {
  const seconds = after.seconds - before.seconds;
  const since = (name: keyof LiveStatus['totals']): number => after.totals[name] - before.totals[name];
  const { delays, pictures, firstOffsets, lastOffsets, farthestMs } = viewer;
  const { workingSize, engine: by } = after;
  console.log(`${width}×${height} at ${fps} fps for ${seconds.toFixed(0)} s by ${by}, style network "fast"`);
  console.log(`worked at ${workingSize.width}×${workingSize.height} in the end`);
  console.log(
    `delay picture to picture  median ${delays.quantile(0.5)} ms, p95 ${delays.quantile(0.95)} ms (${latencyMs} asked for; ${delays.total} of ${pictures} clocks read)`,
  );
  console.log(
    `sound after picture in the output  first minute ${median(firstOffsets).toFixed(0)} ms, last ${median(lastOffsets).toFixed(0)} ms, farthest ${farthestMs.toFixed(0)} ms`,
  );
  console.log(
    `restyled ${(since('restyled') / seconds).toFixed(1)} fps, dropped ${since('dropped')}, repeated ${since('repeated')} of ${since('sent')} sent`,
  );
}

/** Between two styles, ten times, at moments that do not beat with the pictures. */
async function reportSwitches(watcher: Watcher): Promise<void> {
  const took: number[] = [];
  await turnTo({ strength: 1 });
  await delay(1000);
  const first = watcher.pictures.length;
  for (let turn = 0; turn < 10; turn += 1) {
    await delay(700 + 37 * turn);
    const held = hueOf(watcher.pictures.at(-1));
    const from = watcher.pictures.length;
    const askedMs = performance.now();
    await turnTo({ style: turn % 2 === 0 ? 'wave' : 'mosaic' });
    const isTurned = (seen: Seen): boolean =>
      hueOf(seen).some((value, channel) => Math.abs(value - (held[channel] ?? 0)) > hueStep);
    await watcher.until(({ pictures }) => pictures.slice(from).some(isTurned), 'another style');
    took.push((watcher.pictures.slice(from).find(isTurned)?.atMs ?? NaN) - askedMs);
  }
  const gap = largestInterval({ pictures: watcher.pictures.slice(first) });
  console.log(
    `another style at the viewer after  median ${median(took).toFixed(0)} ms, largest ${Math.max(...took).toFixed(0)} ms (goal 200 ms at the output); largest interval between pictures ${gap.toFixed(0)} ms`,
  );
}

/** Mean colour without its brightness. */
function hueOf(seen: Seen | undefined): number[] {
  const { color = [0, 0, 0] } = seen ?? {};
  const grey = (color[0] + color[1] + color[2]) / 3;
  return color.map((value) => value - grey);
}
