import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Subject, type Observable } from 'rxjs';
import type { Tensor } from '../engines/tensor.js';
import type { ModelHints } from '../engines/model-hints.js';
import { VidstyleError } from '../errors.js';
import {
  createPictureSink,
  createVideoSink,
  openSource,
  verifyOutput,
  type EncoderWishes,
  type FrameGeometry,
  type FrameSink,
  type MediaSource,
  type VerifyRow,
} from '../media/index.js';
import type { MaskSource } from '../pipeline/options.js';
import type { Progress } from '../pipeline/progress.js';
import { runPipeline } from '../pipeline/run.js';
import { TraceRecorder } from '../pipeline/trace.js';
import { WorkerPool } from '../workers/pool.js';
import { sideBySide, sideBySideGeometry } from './side-by-side.js';

/** What every job on a file has in common: where it reads and writes, and on what it runs. */
export interface ProcessOptions extends EncoderWishes {
  /** Replace `output` if it is there; default false. */
  readonly overwrite?: boolean | undefined;
  /** Where to begin, seconds; default 0. */
  readonly start?: number | undefined;
  /** How much to do, seconds; default to the end. */
  readonly duration?: number | undefined;
  /** Working size; default the input's own. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** FFmpeg's name of a device to decode on, such as `cuda` or `vaapi`; default the CPU. */
  readonly hwaccel?: string | undefined;
  /** Where the network runs: `cpu` (default), `cuda`, `tensorrt`, `directml`, `coreml`, `webgpu`. */
  readonly device?: string | undefined;
  /** Worker threads, each with a network of its own; default 1. */
  readonly workers?: number | undefined;
  /** Threads of each network; default the cores divided among the workers. */
  readonly threads?: number | undefined;
  /** Compare output with input afterwards and fail on a difference; default false. */
  readonly verify?: boolean | undefined;
  /** Where to write a trace of every frame's stages, in the Chrome trace event format. */
  readonly trace?: string | undefined;
  /** Work with what is there of a damaged or truncated file, with a notice; default false. */
  readonly acceptTruncated?: boolean | undefined;
  /** Called with a sentence for whatever the user should know. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

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
  const done = run(input, output, plan, options, progress).finally(() => {
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
  const started = performance.now();
  checkPaths(input, output, options.overwrite ?? false);
  const notices = new Set<string>();
  const onNotice = (sentence: string): void => {
    if (!notices.has(sentence)) options.onNotice?.(sentence);
    notices.add(sentence);
  };
  const { start, duration, size, hwaccel, signal, acceptTruncated } = options;
  const plan = await makePlan();
  const open = { start, duration, size, hwaccel, signal, acceptTruncated, onNotice };
  const media = await openSource(input, open);
  const opened: (() => Promise<unknown>)[] = [() => media.source.close()];
  try {
    const pool = await startPool(plan, media.source.geometry, { ...options, onNotice });
    opened.push(() => pool.close());
    const mask = await plan.mask?.(media);
    if (mask) opened.push(async () => mask.close?.());
    const geometry = plan.sideBySide ? sideBySideGeometry(pool.outputGeometry) : pool.outputGeometry;
    const sink = await openSink(output, media, geometry, { ...options, onNotice });
    opened.push(() => sink.abort());
    const ends: { source: MediaSource['source'] | ReturnType<typeof sideBySide>['source']; sink: FrameSink } =
      plan.sideBySide ? sideBySide(media.source, sink) : { source: media.source, sink };
    const trace = options.trace === undefined ? undefined : new TraceRecorder();
    let frames = 0;
    await new Promise<void>((resolved, reject) => {
      runPipeline({
        ...ends,
        pool,
        ...(mask && { mask }),
        ...(trace && { trace }),
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
    if (trace && options.trace !== undefined) await trace.write(options.trace);
    const seconds = (performance.now() - started) / 1000;
    const report: Report = {
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
    };
    if (!options.verify || media.kind === 'picture') return report;
    const { width, height } = geometry;
    return {
      ...report,
      verification: await verify(input, output, { start, duration, size, width, height, signal }),
    };
  } catch (error) {
    // The pipeline closes what it was given; before it runs that is up to us, and twice does no harm.
    await Promise.allSettled(opened.map((close) => close()));
    throw error;
  }
}

function checkPaths(input: string, output: string, overwrite: boolean): void {
  if (resolve(input) === resolve(output)) {
    throw new VidstyleError('usage', 'Input and output are the same file.');
  }
  if (existsSync(output) && !overwrite) {
    throw new VidstyleError('usage', `"${output}" exists already; add --overwrite to replace it.`);
  }
}

function startPool(plan: NetworkPlan, geometry: FrameGeometry, options: ProcessOptions): Promise<WorkerPool> {
  const { device, threads, workers, onNotice, signal } = options;
  return WorkerPool.start({
    session: {
      model: plan.model,
      geometry,
      ...(device !== undefined && { device }),
      ...(threads !== undefined && { threads }),
      ...(plan.style && { style: plan.style }),
      ...(plan.constants && { constants: plan.constants }),
      ...(plan.hints && { hints: plan.hints }),
    },
    strength: plan.strength ?? 1,
    compose: { keepColors: plan.keepColors ?? false },
    ...(workers !== undefined && { workers }),
    ...(onNotice && { onNotice }),
    ...(signal && { signal }),
  });
}

function openSink(path: string, media: MediaSource, geometry: FrameGeometry, options: ProcessOptions) {
  return media.kind === 'video'
    ? createVideoSink(path, media.source, { ...options, geometry })
    : createPictureSink(path, media.source, { geometry, onNotice: options.onNotice });
}

async function verify(
  input: string,
  output: string,
  expectations: Parameters<typeof verifyOutput>[2],
): Promise<VerifyRow[]> {
  const rows = await verifyOutput(input, output, expectations);
  const differences = rows.filter(({ ok }) => !ok);
  if (differences.length === 0) return rows;
  const named = differences.map(({ property }) => property).join(', ');
  throw new VidstyleError('verify', `The output differs from the input in: ${named}.`, { details: { rows } });
}
