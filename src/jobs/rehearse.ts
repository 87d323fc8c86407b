import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSource, type MediaSource } from '../media/index.js';
import type { ProcessOptions } from './options.js';
import type { Job } from './process.js';

/** What a job is expected to take, judged by its first frames. */
export interface Rehearsal {
  /** Frames that were tried. */
  readonly framesTried: number;
  /** Frames of the whole job; undefined where the input does not say. */
  readonly frames: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** Of the whole job; undefined where the number of frames is unknown. */
  readonly seconds: number | undefined;
  /** Size of the whole output; the first frames, of which one is whole, make it a little too large. */
  readonly bytes: number | undefined;
  /** The most memory that the process held. */
  readonly peakMemoryBytes: number;
  readonly engine: string;
  readonly encoder: string;
}

const trialFrames = 10;

/**
 * Runs a job's first frames into a scratch file that is removed again, and says what the whole would take.
 * @param ending of the output's name, which decides the container
 * @param start makes the job for the scratch file and a duration in seconds
 */
export async function rehearse(
  input: string,
  ending: string,
  options: ProcessOptions,
  start: (output: string, duration: number | undefined) => Job,
): Promise<Rehearsal> {
  const { frames, duration } = await lookAt(input, options);
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-rehearsal-'));
  try {
    const output = join(folder, `trial${ending}`);
    const job = start(output, duration);
    const elapsedMs: number[] = [];
    job.progress.subscribe((step) => elapsedMs.push(step.elapsedMs));
    const { frames: framesTried, seconds, width, height, engine, encoder } = await job.done;
    const secondsPerFrame = paceOf(elapsedMs);
    const bytes = (await stat(output)).size;
    return {
      framesTried,
      frames,
      width,
      height,
      framesPerSecond: 1 / secondsPerFrame,
      seconds: frames === undefined ? undefined : seconds + secondsPerFrame * (frames - framesTried),
      bytes: frames === undefined ? undefined : Math.round((bytes / framesTried) * frames),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      engine,
      encoder,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many frames the whole job has, and the seconds in which the trial's frames lie. */
async function lookAt(
  input: string,
  options: ProcessOptions,
): Promise<{ readonly frames: number | undefined; readonly duration: number | undefined }> {
  const media = await openSource(input, { ...options, onNotice: undefined });
  try {
    const frames = media.source.frameCountEstimate;
    const trial = trialFrames * secondsPerFrameOf(media);
    return {
      frames,
      duration: media.kind === 'picture' ? undefined : Math.min(trial, options.duration ?? Infinity),
    };
  } finally {
    await media.source.close();
  }
}

function secondsPerFrameOf(media: MediaSource): number {
  const rate = media.kind === 'video' ? media.source.info.video.frameRate : undefined;
  return rate && rate.num > 0 ? rate.den / rate.num : 1 / 25;
}

/** Seconds a frame takes once the first one is through: that one also waits for everything to start. */
function paceOf(elapsedMs: readonly number[]): number {
  const [first = 0] = elapsedMs;
  const last = elapsedMs.at(-1) ?? first;
  const intervals = elapsedMs.length - 1;
  return (intervals > 0 ? (last - first) / intervals : Math.max(last, 1)) / 1000;
}
