import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Job, Report } from '../jobs/process.js';
import { formatSeconds } from './format.js';
import { JobDisplay } from './job-display.js';
import type { ProcessFlags } from './process-options.js';

/** Shows a job until it is done, then its report: a few lines, or JSON on standard output. */
export async function showJob(job: Job, display: JobDisplay, flags: ProcessFlags): Promise<void> {
  const subscription = job.progress.subscribe((progress) => {
    display.update(progress);
  });
  let report: Report;
  try {
    report = await job.done;
  } finally {
    subscription.unsubscribe();
    display.close();
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (!flags.quiet) printReport(report);
}

/**
 * Runs a job on the first seconds into a scratch folder and tells what the whole would take.
 * @param start makes the job for an output path and a duration in seconds
 */
export async function dryRun(
  flags: ProcessFlags,
  ending: string,
  start: (output: string, duration: number) => Job,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-dry-run-'));
  try {
    const output = join(folder, `trial${ending}`);
    const job = start(output, Math.min(flags.duration ?? Infinity, trialSeconds));
    const { frames, framesPerSecond, seconds, width, height, engine, encoder } = await job.done;
    const bytes = (await stat(output)).size;
    const rssBytes = process.memoryUsage().rss;
    const trial = { frames, seconds, framesPerSecond, width, height, engine, encoder, bytes, rssBytes };
    if (flags.json) process.stdout.write(`${JSON.stringify({ trial })}\n`);
    else printTrial(trial);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const trialSeconds = 1;

interface Trial {
  readonly frames: number;
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly width: number;
  readonly height: number;
  readonly engine: string;
  readonly encoder: string;
  readonly bytes: number;
  readonly rssBytes: number;
}

function printTrial({ frames, seconds, width, height, engine, encoder, bytes, rssBytes }: Trial): void {
  const perFrame = seconds / frames;
  process.stdout.write(
    [
      `Tried ${frames} frames at ${width}×${height}: ${engine}; ${encoder}.`,
      `Each 1000 frames take about ${formatSeconds(perFrame * 1000)} and ${megabytes((bytes / frames) * 1000)}.`,
      `Memory: ${megabytes(rssBytes)}.`,
      '',
    ].join('\n'),
  );
}

function printReport(report: Report): void {
  const { output, frames, seconds, framesPerSecond, width, height, engine, encoder, verification } = report;
  const pace = frames > 1 ? `, ${framesPerSecond.toFixed(1)} fps` : '';
  process.stderr.write(
    `Wrote ${output}: ${frames} frames of ${width}×${height} in ${formatSeconds(seconds)}${pace}.\n`,
  );
  process.stderr.write(`${engine}; ${encoder}.\n`);
  if (verification) printVerification(verification);
}

/** A table of what was compared. */
export function printVerification(rows: NonNullable<Report['verification']>): void {
  for (const { property, expected, actual, ok } of rows) {
    const difference = ok ? String(actual) : `${String(expected)} → ${String(actual)}`;
    process.stderr.write(`${ok ? '✓' : '✗'} ${property.padEnd(28)} ${difference}\n`);
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The ending that an output will have. */
export const endingOf = (path: string): string => extname(path) || '.mp4';
