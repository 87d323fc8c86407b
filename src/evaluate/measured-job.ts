import { fileURLToPath } from 'node:url';
import { VidstyleError } from '../errors.js';
import type { RestyleOptions } from '../jobs/restyle.js';
import type { UpscaleOptions } from '../jobs/upscale.js';
import type { Progress } from '../pipeline/progress.js';
import { runCommand } from '../setup/command.js';

/** A job to measure: one of the library's, with options that survive JSON. */
export type JobOrder =
  | { readonly kind: 'restyle'; readonly input: string; readonly options: RestyleOptions }
  | { readonly kind: 'upscale'; readonly input: string; readonly options: UpscaleOptions };

/** What a job took. */
export interface JobCost {
  readonly frames: number;
  /** From opening the input to the finished output. */
  readonly seconds: number;
  /** From the first finished frame to the last. */
  readonly framesPerSecond: number;
  /** Mean milliseconds of a frame in each stage; stages overlap. */
  readonly stageMs: Progress['stageMs'];
  /** Largest resident set of the process, its threads included. */
  readonly largestBytes: number;
  /** Engine, device and threads. */
  readonly engine: string;
}

/**
 * Runs a job in a process of its own, so that its memory is its own.
 * @throws VidstyleError `engine` with the job's own sentence if it fails; `aborted`
 */
export async function measureJob(order: JobOrder, signal?: AbortSignal): Promise<JobCost> {
  const child = fileURLToPath(new URL('measured-child.js', import.meta.url));
  const { code, output, tail } = await runCommand(process.execPath, [child, JSON.stringify(order)], {
    signal,
  });
  if (code === 0) return JSON.parse(output) as JobCost;
  const lastLine = tail.split('\n').at(-1) ?? '';
  const said = /VidstyleError: (.*)/.exec(tail)?.[1] ?? lastLine;
  const sentence = said === '' ? 'something has killed its process.' : said;
  throw new VidstyleError('engine', `A job that was to be measured failed: ${sentence}`, {
    details: { tail },
  });
}
