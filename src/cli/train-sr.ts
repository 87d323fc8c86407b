import { Option, type Command } from 'commander';
import type { SrScale } from '../nets/sr.js';
import type { SrLossName, SrRecipe, SrRecipeName } from '../training/sr-recipes.js';
import { count } from './arguments.js';
import type { CommandContext } from './program.js';
import { addTrainingOptions, asAsked, trainingPlaces, type TrainingFlags } from './training-options.js';

interface TrainSrFlags extends TrainingFlags {
  readonly scale: string;
  readonly recipe: SrRecipeName;
  readonly loss?: SrLossName;
  readonly patch?: number;
  readonly from?: string;
}

/** `vidstyle train sr --scale 4 --photos DIR`. */
export function addTrainSrCommand(train: Command, { signal }: CommandContext): void {
  addTrainingOptions(train.command('sr').description('train a super-resolution network'))
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
    .option('--patch <pixels>', 'side of the high-resolution patches', count)
    .option('--from <model.onnx>', 'start from a trained network, which may be narrower or less deep')
    .action(async (flags: TrainSrFlags) => {
      await trainSrCommand(flags, signal);
    });
}

async function trainSrCommand(flags: TrainSrFlags, signal: AbortSignal): Promise<void> {
  const { trainSrJob } = await import('../jobs/train-sr.js');
  const { runTraining } = await import('./run-training.js');
  const recipe = await recipeOf(flags);
  const places = trainingPlaces(flags, `upscale-x${flags.scale}.onnx`);
  const scale = Number(flags.scale) as SrScale;
  await runTraining(recipe.steps, places.folder, signal, (observer) =>
    trainSrJob({ ...flags, ...places, ...observer, scale, recipe, seconds: flags.time, signal }),
  );
}

async function recipeOf(flags: TrainSrFlags): Promise<SrRecipe> {
  const { srLosses, srRecipes } = await import('../training/sr-recipes.js');
  const base: SrRecipe = srRecipes[flags.recipe];
  return {
    ...asAsked(base, flags),
    patch: flags.patch ?? base.patch,
    objective: flags.loss ? srLosses[flags.loss] : base.objective,
  };
}
