import { Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SrScale } from '../nets/sr.js';
import type { SrLossName, SrRecipe, SrRecipeName } from '../training/sr-recipes.js';
import { count, positive } from './arguments.js';

interface TrainSrFlags {
  readonly photos: string;
  readonly scale: string;
  readonly recipe: SrRecipeName;
  readonly loss?: SrLossName;
  readonly steps?: number;
  readonly patch?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly vgg16?: string;
  readonly from?: string;
  readonly output?: string;
  readonly folder?: string;
  readonly resume?: boolean;
  readonly checkpointEvery?: number;
  readonly sampleEvery?: number;
  readonly samplePhoto?: string;
  readonly seed?: number;
  readonly gpu?: boolean;
}

/** `vidstyle train sr --scale 4 --photos DIR`. */
export function addTrainSrCommand(train: Command, { signal }: { readonly signal: AbortSignal }): void {
  train
    .command('sr')
    .description('train a super-resolution network')
    .requiredOption('--photos <folder>', 'photographs to learn on')
    .addOption(new Option('--scale <n>', 'how many times larger').choices(['2', '3', '4', '8']).default('2'))
    .addOption(
      new Option('--recipe <name>', 'how to train')
        .choices(['paper', 'fast', 'quality', 'video', 'srcnn', 'srcnn-955', 'espcn', 'fsrcnn'])
        .default('paper'),
    )
    .addOption(
      new Option('--loss <name>', 'what to minimise (default: the recipe’s)').choices([
        'pixel',
        'squared',
        'feature',
        'perceptual',
      ]),
    )
    .option('--from <model.onnx>', 'start from a trained network of the same shape')
    .option('--output <file.onnx>', 'the trained model (default: upscale-xN.onnx)')
    .option('--folder <folder>', 'checkpoints, samples and curves (default: beside the output)')
    .option('--resume', 'go on from the folder’s checkpoint')
    .option('--steps <n>', 'iterations', count)
    .option('--patch <pixels>', 'side of the high-resolution patches', count)
    .option('--batch <n>', 'patches a step', count)
    .option('--rate <x>', 'learning rate', positive)
    .option('--vgg16 <file>', 'the loss network’s weights (default: what "vidstyle setup vgg16" brought)')
    .option('--checkpoint-every <steps>', 'steps between checkpoints', count)
    .option('--sample-every <steps>', 'steps between sample pictures', count)
    .option('--sample-photo <file>', 'the photo that samples are drawn on')
    .option('--seed <n>', 'start of all chance', count)
    .option('--gpu', 'insist on TensorFlow’s GPU library')
    .action(async (flags: TrainSrFlags) => {
      await trainSrCommand(flags, signal);
    });
}

async function trainSrCommand(flags: TrainSrFlags, signal: AbortSignal): Promise<void> {
  const { VidstyleError } = await import('../errors.js');
  const { trainSrJob } = await import('../jobs/train-sr.js');
  const { runTraining } = await import('./run-training.js');
  const recipe = await recipeOf(flags);
  const output = flags.output ?? `upscale-x${flags.scale}.onnx`;
  const folder = flags.folder ?? `${output.replace(/\.onnx$/, '')}-training`;
  if (!flags.resume && existsSync(join(folder, 'checkpoint.safetensors'))) {
    throw new VidstyleError(
      'usage',
      `"${folder}" holds a training already: add --resume, or name another --folder.`,
    );
  }
  const scale = Number(flags.scale) as SrScale;
  await runTraining(recipe.steps, folder, signal, (observer) =>
    trainSrJob({ ...flags, ...observer, scale, recipe, output, folder, signal }),
  );
}

async function recipeOf(flags: TrainSrFlags): Promise<SrRecipe> {
  const { srLosses, srRecipes } = await import('../training/sr-recipes.js');
  const base: SrRecipe = srRecipes[flags.recipe];
  return {
    ...base,
    steps: flags.steps ?? base.steps,
    patch: flags.patch ?? base.patch,
    batch: flags.batch ?? base.batch,
    rate: flags.rate ?? base.rate,
    objective: flags.loss ? srLosses[flags.loss] : base.objective,
  };
}
