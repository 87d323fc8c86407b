import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ModelHints } from '../engines/model-hints.js';
import { VidstyleError } from '../errors.js';
import { presetsFolder } from '../paths.js';
import { defaultOutput } from './output-name.js';
import { loadPresets, readPreset, type Preset } from './presets.js';
import type { ProcessOptions } from './options.js';
import { startJob, type Job, type NetworkPlan } from './process.js';

/**
 * What a network was trained for. `natural`: closest to the original, pixel by pixel. `sharp`: texture that looks right
 * rather than being exact. `video`: compressed and noisy material.
 */
export type UpscaleVariant = 'natural' | 'sharp' | 'video';

/** Options of {@link upscale}. */
export interface UpscaleOptions extends ProcessOptions {
  /** How many times larger; default the model's own, 2 without a model. */
  readonly scale?: number | undefined;
  /** Which of the presets of that scale; default `natural`. */
  readonly variant?: UpscaleVariant | undefined;
  /** A preset's name or a model file, ours or anybody's that enlarges pictures, instead of scale and variant. */
  readonly model?: string | undefined;
  /** What is known about a model of other origin; what is absent is found out. */
  readonly hints?: ModelHints | undefined;
  /** Give each frame's channels the histograms of the input's, the paper's post-processing; default false. */
  readonly matchHistogram?: boolean | undefined;
  /** Where the result goes; default beside the input: `clip.mp4` → `clip.x4.mp4`. */
  readonly output?: string | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presets?: string | undefined;
}

/** What applies where {@link UpscaleOptions} say nothing. */
export const upscaleDefaults = Object.freeze({ scale: 2, variant: 'natural' });

/**
 * Enlarges a video or picture: every frame through a super-resolution network, everything else in the file kept.
 *
 * Errors, wrong options included, arrive by the job's `done`.
 */
export function upscale(input: string, options: UpscaleOptions = {}): Job {
  const output = options.output ?? defaultOutput(input, labelOf(options));
  const { matchHistogram } = options;
  const plan = async (): Promise<NetworkPlan> => ({ ...(await planUpscale(options)), matchHistogram });
  return startJob(input, output, plan, options);
}

/**
 * The network that the options ask for.
 * @throws VidstyleError `usage` for a scale or variant that there is no preset of, or a model that is not there or enlarges
 *   otherwise; `model` for a file that is no model
 */
export async function planUpscale(options: UpscaleOptions): Promise<NetworkPlan> {
  const { model, scale, hints } = options;
  if (scale !== undefined && !(Number.isInteger(scale) && scale >= 1)) {
    throw new VidstyleError('usage', `scale is ${scale}: give a whole number such as 2 or 4.`);
  }
  if (model === undefined) return { model: (await presetFor(options)).path };
  const path = existsSync(model) ? model : join(options.presets ?? presetsFolder, `${model}.onnx`);
  if (!existsSync(path)) {
    const names = await namesOfPresets(options.presets);
    throw new VidstyleError('usage', `There is no model "${model}". Presets are ${names}; or name a file.`);
  }
  const own = await readPreset(path);
  if (!own) return { model: path, hints: { ...hints, ...(scale !== undefined && { scale }) } };
  requireEnlarging(own, scale);
  return { model: path };
}

function requireEnlarging({ path, metadata }: Preset, scale: number | undefined): void {
  if (metadata.kind !== 'sr') {
    throw new VidstyleError('usage', `"${basename(path)}" is a network for styles; it does not enlarge.`);
  }
  if (scale !== undefined && metadata.scale !== scale) {
    throw new VidstyleError(
      'usage',
      `"${basename(path)}" enlarges ${metadata.scale} times, not ${scale} times.`,
    );
  }
}

const endings: Readonly<Record<UpscaleVariant, string>> = {
  natural: '',
  sharp: '-perceptual',
  video: '-video',
};

async function presetFor(options: UpscaleOptions): Promise<Preset> {
  const { scale = upscaleDefaults.scale, variant = upscaleDefaults.variant, presets } = options;
  const name = `upscale-x${scale}${endings[variant]}`;
  const found = (await upscalers(presets)).find(({ path }) => basename(path, '.onnx') === name);
  if (found) return found;
  const names = await namesOfPresets(presets);
  throw new VidstyleError('usage', `There is no preset for ×${scale}, ${variant}. There are ${names}.`);
}

async function upscalers(folder: string | undefined): Promise<Preset[]> {
  return (await loadPresets(folder)).filter(({ metadata }) => metadata.kind === 'sr');
}

async function namesOfPresets(folder: string | undefined): Promise<string> {
  const names = (await upscalers(folder)).map(({ path }) => basename(path, '.onnx'));
  return names.length > 0 ? names.join(', ') : 'none';
}

function labelOf({ model, scale, variant }: UpscaleOptions): string {
  if (model !== undefined) return basename(model, '.onnx');
  const suffix = variant === undefined || variant === 'natural' ? '' : `-${variant}`;
  return `x${scale ?? upscaleDefaults.scale}${suffix}`;
}
