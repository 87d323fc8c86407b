import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { Optimisation } from '../training/optimisation.js';
import { untilTimeIsUp } from '../training/schedule.js';
import { count, notNegative, positive, seconds } from './arguments.js';

/** Flags of every training. */
export interface TrainingFlags {
  readonly photos: string;
  readonly steps?: number;
  readonly time?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly blocks?: number;
  readonly width?: number;
  readonly vgg16?: string;
  readonly output?: string;
  readonly folder?: string;
  readonly resume?: boolean;
  readonly checkpointEvery?: number;
  readonly sampleEvery?: number;
  readonly samplePhoto?: string;
  readonly seed?: number;
  readonly gpu?: boolean;
  readonly xla?: boolean | string;
}

export function addTrainingOptions(command: Command): Command {
  return command
    .requiredOption('--photos <folder>', 'photographs to learn on, any few hundred or more')
    .option('--output <file.onnx>', 'the trained model (default: named after what it learns)')
    .option('--folder <folder>', 'checkpoints, samples and curves (default: beside the output)')
    .option('--resume', 'go on from the folder’s checkpoint')
    .option('--steps <n>', 'iterations', count)
    .option('--time <h:mm:ss>', 'train for so long instead, the learning rate falling by the clock', seconds)
    .option('--batch <n>', 'pictures a step', count)
    .option('--rate <x>', 'learning rate', positive)
    .option('--blocks <n>', 'depth of the network (default: the recipe’s)', count)
    .option('--width <n>', 'filters of its convolutions (default: the recipe’s)', count)
    .option('--vgg16 <file>', 'the loss network’s weights (default: what "vidstyle setup vgg16" brought)')
    .option('--checkpoint-every <steps>', 'steps between checkpoints', count)
    .option('--sample-every <steps>', 'steps between sample pictures; 0 for none', notNegative)
    .option('--sample-photo <file>', 'the photo that samples are drawn on')
    .option('--seed <n>', 'start of all chance', count)
    .option('--gpu', 'insist on TensorFlow’s GPU library')
    .option(
      '--xla [plugin]',
      'train on an accelerator by XLA, whose plugin JAX brings; see docs/training.md',
    );
}

/**
 * Where a training writes.
 * @throws VidstyleError `usage` if the folder holds a training that is not to be resumed
 */
export function trainingPlaces(
  flags: TrainingFlags,
  defaultOutput: string,
): { readonly output: string; readonly folder: string } {
  const output = flags.output ?? defaultOutput;
  const folder = flags.folder ?? `${output.replace(/\.onnx$/, '')}-training`;
  if (!flags.resume && existsSync(join(folder, 'checkpoint.safetensors'))) {
    throw new VidstyleError(
      'usage',
      `"${folder}" holds a training already: add --resume, or name another --folder.`,
    );
  }
  return { output, folder };
}

/** What every recipe has that a flag may change. */
type Adjustable = Pick<Optimisation, 'steps' | 'batch' | 'rate'> & { readonly network: NetworkSpec };

/**
 * A recipe with what every training's flags ask of it. With --time alone, it has as many steps as that takes.
 * @throws VidstyleError `usage` if its network has no such choice
 */
export function asAsked<R extends Adjustable>(recipe: R, flags: TrainingFlags): R {
  const { steps, time, batch = recipe.batch, rate = recipe.rate } = flags;
  return {
    ...recipe,
    network: shapedNetwork(recipe.network, flags),
    steps: steps ?? (time === undefined ? recipe.steps : untilTimeIsUp),
    batch,
    rate,
  };
}

/** The recipe's network with the depth and width that were asked for. */
function shapedNetwork(
  { family, options }: NetworkSpec,
  { blocks, width }: Pick<TrainingFlags, 'blocks' | 'width'>,
): NetworkSpec {
  const asked = Object.entries({ blocks, width }).filter(([, value]) => value !== undefined);
  const wrong = asked.find(([option]) => !(option in options));
  if (!wrong) return { family, options: { ...options, ...Object.fromEntries(asked) } };
  throw new VidstyleError('usage', `--${wrong[0]}: the recipe’s network (${family}) has no such choice.`);
}
