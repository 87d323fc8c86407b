import { Subject, type Observable } from 'rxjs';
import type { ModelHints } from '../engines/model-hints.js';
import type { Tensor } from '../engines/tensor.js';
import { abortedError, isVidstyleError, VidstyleError } from '../errors.js';
import {
  createPictureSink,
  createVideoSink,
  openSource,
  verifyOutput,
  type FrameGeometry,
  type MediaSource,
  type VerifyRow,
} from '../media/index.js';
import type { MaskSource, PipelineOptions } from '../pipeline/options.js';
import type { Progress } from '../pipeline/progress.js';
import { runPipeline } from '../pipeline/run.js';
import { steadySource } from '../pipeline/steady-source.js';
import { TraceRecorder } from '../pipeline/trace.js';
import { checkOptions, processSchema, type ProcessOptions } from './options.js';
import { checkPaths } from './paths.js';
import { firstFramesOf } from './first-frames.js';
import { startPool } from './start-pool.js';
import { sideBySide, sideBySideGeometry } from './side-by-side.js';

/** The network's part of a job. */
export interface NetworkPlan {
  /** Path of the model file. */
  readonly model: string;
  /** Weights of the styles of a conditional network. */
  readonly style?: readonly number[] | undefined;
  /** Inputs besides the picture that stay the same for all frames. */
  readonly constants?: Readonly<Record<string, Tensor>> | undefined;
  readonly hints?: ModelHints | undefined;
  /** How much of the result shows over the input, 0..1; default 1. */
  readonly strength?: number | undefined;
  readonly keepColors?: boolean | undefined;
  /** Give each result the colours of its input, channel by channel. */
  readonly matchHistogram?: boolean | undefined;
  /** Hold still in the input what stands still; see {@link SteadyFilter}. */
  readonly steady?: boolean | undefined;
  /** Show original and result beside each other. */
  readonly sideBySide?: boolean | undefined;
  /** Where the result shows; default everywhere. */
  readonly mask?: ((media: MediaSource) => Promise<MaskSource>) | undefined;
}

/** How a job went. */
export interface Report {
  readonly input: string;
  readonly output: string;
  readonly frames: number;
  /** From opening the input to the finished output. */
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly width: number;
  readonly height: number;
  /** Engine, device and threads. */
  readonly engine: string;
  /** Encoder and its settings, or the picture format. */
  readonly encoder: string;
  /** What the user should know, each sentence once. */
  readonly notices: readonly string[];
  /** The comparison of output and input, if it was asked for. */
  readonly verification?: readonly VerifyRow[];
}

/** A job under way. */
export interface Job {
  /** One item a finished frame; completes with the job and never errors: see {@link Job.done}. */
  readonly progress: Observable<Progress>;
  /**
   * Settles when everything is closed.
   * Rejects with a VidstyleError, `aborted` after the signal; then there is no output file.
   */
  readonly done: Promise<Report>;
}

/** Starts a job: every frame of `input` through a network into `output`, everything else in the file kept. */
export function startJob(
  input: string,
  output: string,
  plan: () => Promise<NetworkPlan>,
  options: ProcessOptions,
): Job {
  const progress = new Subject<Progress>();
  const done = run(input, output, plan, options, progress)
    .catch((error: unknown) => {
      // What was under way may have failed in its own words when the signal came.
      throw options.signal?.aborted && !isAborted(error) ? abortedError(options.signal) : error;
    })
    .finally(() => {
      progress.complete();
    });
  return { progress: progress.asObservable(), done };
}

async function run(
  input: string,
  output: string,
  makePlan: () => Promise<NetworkPlan>,
  options: ProcessOptions,
  progress: Subject<Progress>,
): Promise<Report> {
  checkOptions(processSchema, options);
  await checkPaths(input, output, options);
  const started = performance.now();
  const notices = new Set<string>();
  const told = { ...options, onNotice: onceEach(notices, options.onNotice) };
  const plan = await makePlan();
  const media = await openSource(input, told);
  const opened: (() => Promise<unknown>)[] = [() => media.source.close()];
  try {
    const { pools } = options;
    const { geometry: inputGeometry } = media.source;
    // A picture is one frame: a second network would have nothing to do.
    const workers = media.kind === 'picture' ? (options.workers ?? 1) : options.workers;
    const request = { plan, geometry: inputGeometry, options: { ...told, workers }, firstFrames: () => firstFramesOf(input, options) }; // prettier-ignore
    const pool = await (pools ? pools.take(request) : startPool(request));
    opened.push(() => pool.close());
    const mask = await plan.mask?.(media);
    if (mask) opened.push(async () => mask.close?.());
    const geometry = plan.sideBySide
      ? sideBySideGeometry(inputGeometry, pool.outputGeometry)
      : pool.outputGeometry;
    const sink = await openSink(output, media, geometry, told);
    opened.push(() => sink.abort());
    const ends = plan.sideBySide ? sideBySide(media.source, sink) : { source: media.source, sink };
    const source = plan.steady && media.kind === 'video' ? steadySource(ends.source) : ends.source;
    const keepPool = pools !== undefined;
    const frames = await runToEnd(
      { ...ends, source, pool, keepPool, ...(mask && { mask }) },
      options,
      progress,
    );
    const seconds = (performance.now() - started) / 1000;
    if (options.verify && media.kind === 'picture')
      told.onNotice('Pictures are not verified: nothing lies beside them.');
    const verification =
      options.verify && media.kind === 'video' ? await verify(input, output, geometry, options) : undefined;
    await pools?.giveBack(pool);
    return {
      input,
      output,
      frames,
      seconds,
      framesPerSecond: frames / seconds,
      width: geometry.width,
      height: geometry.height,
      engine: pool.description,
      encoder: sink.description,
      notices: [...notices],
      ...(verification && { verification }),
    };
  } catch (error) {
    // The pipeline closes what it was given; before it runs that is up to us, and twice does no harm.
    await Promise.allSettled(opened.map((close) => close()));
    throw error;
  }
}

/** Runs the frames through and returns how many there were. */
async function runToEnd(
  parts: PipelineOptions,
  { signal, trace }: ProcessOptions,
  progress: Subject<Progress>,
): Promise<number> {
  const recorder = trace === undefined ? undefined : new TraceRecorder();
  let frames = 0;
  await new Promise<void>((resolved, reject) => {
    runPipeline({
      ...parts,
      ...(recorder && { trace: recorder }),
      ...(signal && { signal }),
    }).subscribe({
      next: (step) => {
        frames = step.framesDone;
        progress.next(step);
      },
      error: reject,
      complete: resolved,
    });
  });
  if (recorder && trace !== undefined) await recorder.write(trace);
  return frames;
}

function openSink(path: string, media: MediaSource, geometry: FrameGeometry, options: ProcessOptions) {
  return media.kind === 'video'
    ? createVideoSink(path, media.source, { ...options, geometry })
    : createPictureSink(path, media.source, { geometry, onNotice: options.onNotice });
}

async function verify(
  input: string,
  output: string,
  { width, height }: FrameGeometry,
  { start, duration, size, signal }: ProcessOptions,
): Promise<VerifyRow[]> {
  const rows = await verifyOutput(input, output, { start, duration, size, width, height, signal });
  const differences = rows.filter(({ ok }) => !ok);
  if (differences.length === 0) return rows;
  const named = differences.map(({ property }) => property).join(', ');
  throw new VidstyleError('verify', `The output differs from the input in: ${named}.`, { details: { rows } });
}

function onceEach(
  seen: Set<string>,
  tell: ((sentence: string) => void) | undefined,
): (sentence: string) => void {
  return (sentence) => {
    if (!seen.has(sentence)) tell?.(sentence);
    seen.add(sentence);
  };
}

function isAborted(error: unknown): boolean {
  return isVidstyleError(error) && error.code === 'aborted';
}
