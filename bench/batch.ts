/**
 * What batches cost and gain:
 *
 *     node build/bench/batch.js overhead [SECONDS [ROUNDS]] a batch of one clip in segments against the same restyling in one piece
 *     node build/bench/batch.js plan [FILES]         planning an archive of so many files: time and memory
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBatch, type BatchOptions } from '../src/batch/batch.js';
import { openLocalStore } from '../src/batch/local-store.js';
import { planFiles } from '../src/batch/plan.js';
import { restyle } from '../src/jobs/restyle.js';
import { evenTimes, makeClip } from '../test/fixtures/clips.js';

const [what, amount, times] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-bench-batch-'));
try {
  if (what === 'overhead') await overhead(Number(amount ?? 60), Number(times ?? 1));
  else if (what === 'plan') await plan(Number(amount ?? 100_000));
  else console.error('Say overhead or plan.');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function overhead(seconds: number, rounds: number): Promise<void> {
  const archive = join(folder, 'archive');
  await mkdir(archive);
  const clip = join(archive, 'clip.mp4');
  await makeClip(clip, { width: 320, height: 180, times: evenTimes(seconds * 25), sound: ['eng'] });
  const ratios: number[] = [];
  // What is cold the first time is so for both.
  await restyle(clip, { style: 'mosaic', threads: 1, duration: 2, output: join(folder, 'warm.mp4') }).done;
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    await restyle(clip, { style: 'mosaic', threads: 1, output: join(folder, `whole-${round}.mp4`) }).done;
    const whole = performance.now() - started;
    const options: BatchOptions = {
      ...{ archive, out: join(folder, `done-${round}`), segmentSeconds: seconds / 2 },
      work: { command: 'restyle', style: 'mosaic' },
      settings: { threads: 1 },
    };
    const report = await runBatch(options);
    ratios.push((report.seconds * 1000) / whole);
    console.log(
      `one piece ${(whole / 1000).toFixed(1)} s, batch of 2 segments ${report.seconds.toFixed(1)} s`,
    );
  }
  console.log(`batch ÷ one piece: ${ratios.map((ratio) => ratio.toFixed(3)).join(', ')}`);
}

async function plan(files: number): Promise<void> {
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
