import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparedEngines } from '../compared-engines.js';
import type { EngineName } from '../../engines/engine.js';
import { openVideo } from '../../media/index.js';
import type { Stage } from '../../pipeline/trace.js';
import type { Evaluation } from '../evaluation.js';
import { measureJob, type JobCost } from '../measured-job.js';
import type { Part } from '../part.js';
import { drawPlot } from '../plot.js';
import type { Section } from '../section.js';
import { median, spread } from '../spread.js';

/** How time and memory grow with resolution, workers and threads, and where a frame's time goes. */
export const growth: Part = {
  name: 'growth',
  title: 'How cost grows',
  write: async (section, evaluation) => {
    const [clip = ''] = await evaluation.clips();
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-growth-'));
    try {
      const run = await runner(evaluation, clip, join(folder, 'out.mp4'));
      section.text(
        `Whole jobs (decode, network, encode), each in a process of its own, style ${(await evaluation.firstStyle()).label}, ` +
          `${evaluation.plan.jobFrames} frames of a clip scaled to the size; medians with their range. Frames per second count from ` +
          'the first finished frame to the last; memory is the largest resident set. Stages overlap, so that they may add up to more ' +
          'than a frame’s time; copying between frame and tensor is part of the network’s.',
      );
      await byResolution(section, evaluation, run);
      await byWorkers(section, evaluation, run);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Setting {
  readonly height: number;
  readonly engine: EngineName;
  readonly workers?: number;
  readonly threads?: number;
}

/** The costs of one setting, over the rounds. */
interface Costs extends Setting {
  readonly costs: readonly JobCost[];
}

type Run = (settings: readonly Setting[]) => Promise<Costs[]>;

/** Settings take turns, so that a busy machine touches all alike. */
async function runner(evaluation: Evaluation, clip: string, output: string): Promise<Run> {
  const { plan, material } = evaluation;
  const source = await openVideo(clip);
  const { frameRate } = source.info.video;
  await source.close();
  const style = (await evaluation.firstStyle()).choice;
  return async (settings) => {
    const all = settings.map((setting) => ({ ...setting, costs: [] as JobCost[] }));
    for (let round = 0; round < plan.jobRounds; round += 1) {
      for (const { height, engine, workers, threads, costs } of all) {
        evaluation.step(`A job at ${height} lines on ${engine}, round ${round + 1} of ${plan.jobRounds}`);
        const size = sizeAt(height);
        const duration = frameRate ? (plan.jobFrames * frameRate.den) / frameRate.num : 1;
        const options = { style, output, overwrite: true, duration, size, engine, workers, threads };
        costs.push(await measureJob({ kind: 'restyle', input: clip, options }, material.signal));
      }
    }
    return all;
  };
}

/** 16:9, even. */
function sizeAt(height: number): { readonly width: number; readonly height: number } {
  return { width: 2 * Math.round((height * 8) / 9), height };
}

async function byResolution(section: Section, { plan }: Evaluation, run: Run): Promise<void> {
  const engines = await comparedEngines();
  const results = await run(plan.heights.flatMap((height) => engines.map((engine) => ({ height, engine }))));
  section.heading('By resolution');
  section.table(
    ['size', 'on', 'frames/s', 'MB', ...stages.map((stage) => `${stage}, ms`)],
    results.map(({ height, costs }) => [
      `${sizeAt(height).width}×${height}`,
      costs[0]?.engine ?? '',
      spread(costs.map(({ framesPerSecond }) => framesPerSecond), 2),
      spread(costs.map(({ largestBytes }) => largestBytes / 1e6), 0),
      ...stages.map((stage) => median(costs.map(({ stageMs }) => stageMs[stage])).toFixed(1)),
    ]),
  ); // prettier-ignore
  await section.svg('stages.svg', 'Milliseconds a frame by stage and height', await draw(results));
  await writeCsv(section, 'resolution.csv', results);
}

/** At one size, with every worker's threads named. */
async function byWorkers(section: Section, { plan }: Evaluation, run: Run): Promise<void> {
  const height = plan.heights[Math.min(1, plan.heights.length - 1)] ?? 360;
  const cores = availableParallelism();
  const counts = [1, 2, 4, 8].filter((count) => count <= Math.max(2, cores));
  const settings = counts.flatMap((workers) => counts.map((threads) => ({ height, engine: 'onnxruntime' as const, workers, threads }))); // prettier-ignore
  const results = await run(settings.filter(({ workers, threads }) => workers * threads <= 2 * cores));
  section.heading(`By workers and threads, at ${height} lines`);
  section.table(
    ['workers', 'threads of each', 'frames/s', 'MB'],
    results.map(({ workers = 1, threads = 1, costs }) => [
      workers,
      threads,
      spread(costs.map(({ framesPerSecond }) => framesPerSecond), 2),
      spread(costs.map(({ largestBytes }) => largestBytes / 1e6), 0),
    ]),
  ); // prettier-ignore
  await writeCsv(section, 'workers.csv', results);
}

const stages: readonly Stage[] = ['decode', 'network', 'compose', 'write'];

function writeCsv(section: Section, file: string, results: readonly Costs[]): Promise<void> {
  const rows = results.flatMap(
    ({ height, workers = '', threads = '', costs }) =>
    costs.map(({ engine, framesPerSecond, largestBytes, stageMs }) => [height, engine, workers, threads, framesPerSecond, largestBytes, ...stages.map((stage) => stageMs[stage])]), // prettier-ignore
  );
  const columns = ['height', 'on', 'workers', 'threads', 'frames per second', 'largest bytes', ...stages.map((stage) => `${stage} ms`)]; // prettier-ignore
  return section.csv(file, columns, rows);
}

function draw(results: readonly Costs[]): Promise<string> {
  const points = results.flatMap(({ height, engine, costs }) =>
    stages.map((stage) => ({
      height,
      engine,
      stage,
      ms: median(costs.map(({ stageMs }) => stageMs[stage])),
    })),
  );
  const drawable = points.filter(({ ms }) => ms > 0);
  const heights = [...new Set(drawable.map(({ height }) => height))];
  const ends = drawable.filter(({ height }) => height === Math.max(...heights));
  return drawPlot((plot) => ({
    marginRight: 70,
    grid: true,
    x: { type: 'log', label: 'lines', ticks: heights, tickFormat: 'd' },
    y: { type: 'log', label: 'ms a frame' },
    fx: { label: null },
    marks: [
      plot.line(drawable, { x: 'height', y: 'ms', fx: 'engine', z: 'stage', stroke: 'stage', marker: true }),
      plot.text(ends, {
        x: 'height',
        y: 'ms',
        fx: 'engine',
        text: 'stage',
        fill: 'stage',
        textAnchor: 'start',
        dx: 6,
      }),
    ],
  }));
}
