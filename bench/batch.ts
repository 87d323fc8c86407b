/**
 * What batches cost and gain:
 *
 *     node build/bench/batch.js overhead [SECONDS [SEGMENT [ROUNDS]]]  a batch of one clip in segments against the same restyling in one piece
 *     node build/bench/batch.js plan [FILES]                           planning an archive of so many files: time and memory
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalStore } from '../src/batch/local-store.js';
import { planFiles } from '../src/batch/plan.js';
import { packageRoot } from '../src/paths.js';
import { evenTimes, makeClip } from '../test/fixtures/clips.js';
import { spread } from '../src/evaluate/spread.js';

const [what, ...words] = process.argv.slice(2);
const [first, second, third] = words.map(Number);
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-bench-batch-'));
try {
  if (what === 'overhead') await overhead(first, second, third);
  else if (what === 'plan') await plan(first);
  else console.error('Say overhead or plan.');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function overhead(seconds = 60, segmentSeconds = 6, rounds = 1): Promise<void> {
  const archive = join(folder, 'archive');
  await mkdir(archive);
  const clip = join(archive, 'clip.mp4');
  const encoderOptions = { g: '50' };
  await makeClip(clip, { width: 320, height: 180, times: evenTimes(seconds * 25), sound: ['eng'], encoderOptions }); // prettier-ignore
  const ratios: Record<keyof Cost, number[]> = { seconds: [], processorSeconds: [] };
  for (let round = 0; round < rounds; round += 1) {
    const out = join(folder, String(round));
    const commands = {
      whole: [clip, `${out}.mp4`, '--style', 'mosaic'],
      batch: ['batch', archive, '--out', out, '--style', 'mosaic', '--segment', String(segmentSeconds)],
    };
    const first = round % 2 === 0 ? 'whole' : 'batch';
    const early = costOf(commands[first]);
    const late = costOf(commands[first === 'whole' ? 'batch' : 'whole']);
    const [whole, batch] = first === 'whole' ? [early, late] : [late, early];
    for (const kind of ['seconds', 'processorSeconds'] as const) ratios[kind].push(batch[kind] / whole[kind]);
    console.log(`one piece ${whole.seconds.toFixed(1)} s, batch ${batch.seconds.toFixed(1)} s`);
  }
  console.log(
    `batch ÷ one piece: ${spread(ratios.seconds, 3)}; processor time ${spread(ratios.processorSeconds, 3)}`,
  );
}

interface Cost {
  readonly seconds: number;
  /** Of all its processes: less disturbed by what else the machine is doing. */
  readonly processorSeconds: number;
}

function costOf(command: readonly string[]): Cost {
  const script = `TIMEFORMAT='%R %U %S'; time "$@"`;
  const words = [process.execPath, join(packageRoot, 'build/src/cli/main.js'), ...command, '--quiet'];
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  const [seconds = NaN, user = NaN, system = NaN] = (stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { seconds, processorSeconds: user + system };
}

async function plan(files = 100_000): Promise<void> {
  for (let at = 0; at < files; at += 1) {
    const shelf = join(folder, String(Math.floor(at / 1000)));
    if (at % 1000 === 0) await mkdir(shelf);
    await writeFile(join(shelf, `${at}.mp4`), 'x');
  }
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const planned = await planFiles(openLocalStore(folder));
  const seconds = (performance.now() - started) / 1000;
  const memory = (process.memoryUsage().rss - before) / 1e6;
  console.log(
    `${planned.length} files planned in ${seconds.toFixed(1)} s, ${memory.toFixed(0)} MB more memory`,
  );
}
