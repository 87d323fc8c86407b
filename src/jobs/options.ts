import { inspect } from 'node:util';
import { z } from 'zod';
import type { EngineName } from '../engines/engine.js';
import { VidstyleError } from '../errors.js';
import { maximumSide, type EncoderWishes, type FrameRange } from '../media/index.js';
import type { PoolKeeper } from './pool-keeper.js';

/** What every job on a file has in common: where it reads and writes, and on what it runs. */
export interface ProcessOptions extends EncoderWishes {
  /** Replace `output` if it is there; default false. */
  readonly overwrite?: boolean | undefined;
  /** Where to begin, seconds; default 0. */
  readonly start?: number | undefined;
  /** How much to do, seconds; default to the end. */
  readonly duration?: number | undefined;
  /** Do these frames alone, instead of `start` and `duration`: a segment as {@link planSegments} cuts them. */
  readonly range?: FrameRange | undefined;
  /** Write nothing but the frames, as a segment that is joined later; default false. */
  readonly framesOnly?: boolean | undefined;
  /** Working size; default the input's own. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** FFmpeg's name of a device to decode on, such as `cuda` or `vaapi`; default the CPU. */
  readonly hwaccel?: string | undefined;
  /**
   * What runs the network: `onnxruntime` (default), `openvino`, `tfjs`, `auto` (tries on the first frames which of them is
   * fastest), or the URL of a module that exports an `engine` of your own.
   */
  readonly engine?: EngineName | 'auto' | URL | undefined;
  /**
   * Where the network runs: `cpu` (default), `cuda`, `tensorrt`, `directml`, `coreml`, `webgpu` on ONNX Runtime, `gpu`, `npu`
   * on OpenVINO. `cuda:1` is the second card; `cuda:0,cuda:1` uses both, one worker each.
   */
  readonly device?: string | undefined;
  /** `bf16` calculates in short floats; `auto` (default) does where that makes no visible difference; else `f32`. */
  readonly precision?: 'auto' | 'f32' | 'bf16' | undefined;
  /** Where OpenVINO's library lies, a file or folder; default: it is looked for. */
  readonly openvino?: string | undefined;
  /** Worker threads, each with a network of its own; default one a device, on the CPU by cores and frame size. */
  readonly workers?: number | undefined;
  /** Threads of each network; default the cores divided among the workers. */
  readonly threads?: number | undefined;
  /** Keeps the network open for the next job that asks for the same; default: every job opens and closes its own. */
  readonly pools?: PoolKeeper | undefined;
  /** Compare output with input afterwards and fail on a difference; default false. */
  readonly verify?: boolean | undefined;
  /** Where to write a trace of every frame's stages, in the Chrome trace event format. */
  readonly trace?: string | undefined;
  /** Work with what is there of a damaged or truncated file, with a notice; default false. */
  readonly acceptTruncated?: boolean | undefined;
  /** Called with a sentence for whatever the user should know, each sentence once. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Ends the job: it then rejects with `aborted`, and there is no output. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link ProcessOptions.engine} may be by name. */
export const engineChoices = ['auto', 'onnxruntime', 'openvino', 'tfjs'] as const;

/** What applies where {@link ProcessOptions} say nothing. */
export const processDefaults = Object.freeze({
  overwrite: false,
  start: 0,
  engine: 'onnxruntime',
  device: 'cpu',
  verify: false,
  acceptTruncated: false,
});

/** A number within bounds; the message says which. */
export function numberBetween(low: number, high: number): z.ZodNumber {
  const allowed = `give a number from ${low} to ${high}`;
  return z.number(allowed).min(low, allowed).max(high, allowed);
}

/** A whole number within bounds; the message says which. */
export function wholeBetween(low: number, high: number): z.ZodNumber {
  const allowed = `give a whole number from ${low} to ${high}`;
  return z.number(allowed).int(allowed).min(low, allowed).max(high, allowed);
}

/** Yes or no. */
export const flag = z.boolean('give true or false');
/** A text that says something. */
export const text = z.string('give a text').min(1, 'give a text that is not empty');

/** The part of an options object that {@link ProcessOptions} describes. */
export const processSchema = z.object({
  overwrite: flag.optional(),
  start: z.number('give seconds from 0 up').min(0, 'give seconds from 0 up').optional(),
  duration: z.number('give seconds above 0').positive('give seconds above 0').optional(),
  framesOnly: flag.optional(),
  size: z
    .object(
      { width: wholeBetween(16, maximumSide), height: wholeBetween(16, maximumSide) },
      'give { width, height } in pixels',
    )
    .optional(),
  codec: text.optional(),
  crf: numberBetween(0, 63).optional(),
  preset: text.optional(),
  pixelFormat: text.optional(),
  hwaccel: text.optional(),
  engine: z
    .union(
      [z.enum(engineChoices), z.instanceof(URL)],
      `give ${engineChoices.join(', ')} or the URL of a module`,
    )
    .optional(),
  device: text.optional(),
  precision: z.enum(['auto', 'f32', 'bf16'], 'give auto, f32 or bf16').optional(),
  openvino: text.optional(),
  workers: wholeBetween(1, 256).optional(),
  threads: wholeBetween(1, 1024).optional(),
  verify: flag.optional(),
  trace: text.optional(),
  acceptTruncated: flag.optional(),
});

/**
 * Checks a caller's options.
 * @throws VidstyleError `usage` naming the option, its value and what is allowed
 */
export function checkOptions(schema: z.ZodObject, options: object): void {
  const [issue] = schema.safeParse(options).error?.issues ?? [];
  if (!issue) return;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], options);
  const shown = value === undefined ? 'missing' : inspect(value);
  throw new VidstyleError('usage', `${issue.path.join('.')} is ${shown}: ${issue.message}.`, {
    details: { option: issue.path.join('.') },
  });
}
