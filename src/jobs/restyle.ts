import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import type { ModelHints } from '../engines/model-hints.js';
import { sniffPicture, ticksToSeconds, type MediaSource } from '../media/index.js';
import type { MaskSource } from '../pipeline/options.js';
import { intersect, openMask, splitMask } from './mask.js';
import { defaultOutput } from './output-name.js';
import { checkOptions, flag, numberBetween, processDefaults, type ProcessOptions } from './options.js';
import { startJob, type Job, type NetworkPlan } from './process.js';
import { chooseStyle } from './style-choice.js';

/** Options of {@link restyle}. */
export interface RestyleOptions extends ProcessOptions {
  /**
   * A preset's style (`mosaic`), a blend of styles of one network (`mosaic:0.7,wave:0.3`), an ONNX model of ours or anybody's
   * (`mine.onnx`, `mine.onnx:harbour`), or any picture (`harbour.jpg`, after `vidstyle setup arbitrary`).
   */
  readonly style: string;
  /** Where the result goes; default beside the input: `clip.mp4` → `clip.mosaic.mp4`. */
  readonly output?: string | undefined;
  /** 1: the style; 0: the input; default 1. */
  readonly strength?: number | undefined;
  /** Take only the brightness from the style; default false. */
  readonly keepColors?: boolean | undefined;
  /** Hold still in the video what stands still, so that noise does not make the style flicker; default false. */
  readonly steady?: boolean | undefined;
  /** A picture or video, white where the style shows; default everywhere. */
  readonly mask?: string | undefined;
  /** Show the original too: beside the result, or as the left half. */
  readonly compare?: 'side' | 'split' | undefined;
  /** What is known about a model of other origin; what is absent is found out. */
  readonly hints?: ModelHints | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presets?: string | undefined;
}

/** What applies where {@link RestyleOptions} say nothing. */
export const restyleDefaults = Object.freeze({ ...processDefaults, strength: 1, keepColors: false });

const schema = z.object({
  style: z.string('name a style').min(1, 'name a style'),
  output: z.string('give a path').min(1, 'give a path').optional(),
  strength: numberBetween(0, 1).optional(),
  keepColors: z.boolean('give true or false').optional(),
  steady: flag.optional(),
  mask: z.string('give a path').min(1, 'give a path').optional(),
  compare: z.enum(['side', 'split'], 'give side or split').optional(),
});

/**
 * Restyles a video or picture: every frame through a style network, everything else in the file kept.
 *
 * Errors, wrong options included, arrive by the job's `done`.
 */
export function restyle(input: string, options: RestyleOptions): Job {
  const output = options.output ?? defaultOutput(input, labelOf(options.style));
  return startJob(input, output, () => planRestyle(options), options);
}

async function planRestyle(options: RestyleOptions): Promise<NetworkPlan> {
  checkOptions(schema, options);
  const { compare, mask, steady } = options;
  return {
    ...(await planStyle(options)),
    steady,
    sideBySide: compare === 'side',
    mask: mask === undefined && compare !== 'split' ? undefined : maskOf(options),
  };
}

/**
 * Finds the network of a style, or of any picture, and how to run it.
 * @throws VidstyleError as {@link chooseStyle}; `setup` or `input` for a picture
 */
export async function planStyle(
  options: Pick<RestyleOptions, 'style' | 'strength' | 'keepColors' | 'hints' | 'presets'>,
): Promise<NetworkPlan> {
  const { style, strength = restyleDefaults.strength, keepColors, hints, presets } = options;
  if (await isPicture(style)) {
    const { predictStyle } = await import('./arbitrary-style.js');
    return { keepColors, ...(await predictStyle(style)), strength };
  }
  const choice = await chooseStyle(style, strength, presets);
  return { keepColors, hints, model: choice.model, style: choice.weights, strength: choice.pixelStrength };
}

/** Whether `--style` names a picture; a style of the same name as a folder is still a style. */
async function isPicture(style: string): Promise<boolean> {
  const found = await stat(style).catch(() => undefined);
  return found?.isFile() === true && (await sniffPicture(style)) !== undefined;
}

function maskOf({ mask, compare, signal }: RestyleOptions): (media: MediaSource) => Promise<MaskSource> {
  return async (media) => {
    const { geometry } = media.source;
    const split = compare === 'split' ? splitMask(geometry) : undefined;
    if (mask === undefined) return split ?? splitMask(geometry);
    let firstTicks: bigint | undefined;
    const opened = await openMask(
      mask,
      geometry,
      ({ ptsTicks }) => {
        firstTicks ??= ptsTicks;
        return media.kind === 'video' ? ticksToSeconds(ptsTicks - firstTicks, media.source.timeBase) : 0;
      },
      signal,
    );
    return split ? intersect(split, opened) : opened;
  };
}

function labelOf(style: string): string {
  const name = style.split(/[\\/]/).at(-1) ?? style;
  const withoutEnding = existsSync(style) ? name.slice(0, name.length - extname(name).length) : name;
  return withoutEnding
    .split(',')
    .map((part) => part.replace(/\.onnx:/, '-').replace(/:.*$/, ''))
    .join('+');
}
