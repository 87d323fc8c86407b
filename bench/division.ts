/**
 * How cores are best divided: one network with all of them, or a network a core, on whole jobs (decode, network, encode) of your
 * clip at several sizes, through each engine that is there. Each job is a process of its own and all take turns; frames a second
 * from the first finished frame to the last, median and range over the rounds.
 *
 *     node build/bench/division.js clip.mp4 [rounds] [frames]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparedEngines } from '../src/evaluate/compared-engines.js';
import { measureJob, type JobOrder } from '../src/evaluate/measured-job.js';
import { spread } from '../src/evaluate/spread.js';
import { openVideo } from '../src/media/index.js';

const [clip, rounds = '3', frames = '40'] = process.argv.slice(2);
if (clip === undefined) throw new Error('usage: node build/bench/division.js clip.mp4 [rounds] [frames]');
const cores = availableParallelism();
const divisions = [
  { workers: 1, threads: cores },
  { workers: cores, threads: 1 },
];
const source = await openVideo(clip);
const { num, den } = source.info.video.frameRate ?? { num: 25, den: 1 };
await source.close();
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-division-'));
const common = { output: join(folder, 'out.mp4'), overwrite: true, duration: (Number(frames) * den) / num };

const styled = (width: number, height: number): JobOrder => ({
  kind: 'restyle',
  input: clip,
  options: { ...common, style: 'mosaic', size: { width, height } },
});
const jobs: Readonly<Record<string, JobOrder>> = {
  'restyle 320×180': styled(320, 180),
  'restyle 640×360': styled(640, 360),
  'restyle 1280×720': styled(1280, 720),
  'upscale 320×180 ×4': {
    kind: 'upscale',
    input: clip,
    options: { ...common, scale: 4, size: { width: 320, height: 180 } },
  },
};

const measured = new Map<string, number[]>();
const engines = await comparedEngines();
try {
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, job] of Object.entries(jobs)) {
      for (const engine of engines) {
        for (const division of divisions) {
          const what = `${name}, ${engine}, ${division.workers} × ${division.threads}`;
          const order = { ...job, options: { ...job.options, ...division, engine } } as JobOrder;
          const { framesPerSecond } = await measureJob(order);
          measured.set(what, [...(measured.get(what) ?? []), framesPerSecond]);
        }
      }
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const [what, values] of measured) console.log(`${what.padEnd(44)} ${spread(values, 1)} fps`);
