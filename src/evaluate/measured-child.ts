/** Runs one job in this process, which {@link import('./measured-job.js').measureJob} started for it, and tells what it took. */
import { restyle } from '../jobs/restyle.js';
import { upscale } from '../jobs/upscale.js';
import type { JobCost, JobOrder } from './measured-job.js';

const { kind, input, options } = JSON.parse(process.argv[2] ?? '{}') as JobOrder;
const job = kind === 'restyle' ? restyle(input, options) : upscale(input, options);
const doneAtMs: number[] = [];
let stageMs: JobCost['stageMs'] = { decode: NaN, network: NaN, compose: NaN, write: NaN };
job.progress.subscribe((step) => {
  doneAtMs.push(step.elapsedMs);
  ({ stageMs } = step);
});
const { frames, seconds, engine } = await job.done;
const [first = 0, last = 0] = [doneAtMs[0], doneAtMs.at(-1)];
const cost: JobCost = {
  frames,
  seconds,
  framesPerSecond: (1000 * (doneAtMs.length - 1)) / (last - first),
  stageMs,
  largestBytes: process.resourceUsage().maxRSS * 1024,
  engine,
};
process.stdout.write(JSON.stringify(cost));
