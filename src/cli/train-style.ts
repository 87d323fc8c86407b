import { Option, type Command } from 'commander';
import { VidstyleError } from '../errors.js';
import type { StyleRecipe, StyleRecipeName } from '../training/recipes.js';
import { count, positive } from './arguments.js';
import type { CommandContext } from './program.js';
import { addTrainingOptions, asAsked, trainingPlaces, type TrainingFlags } from './training-options.js';

interface TrainStyleFlags extends TrainingFlags {
  readonly recipe?: StyleRecipeName;
  readonly size?: number;
  readonly styleSize?: number;
  readonly contentWeight?: number;
  readonly styleWeight?: number;
  readonly temporal?: number;
  readonly addStyle?: readonly string[];
  readonly to?: string;
  readonly from?: string;
  readonly estimate?: boolean;
}

/** `vidstyle train style picture.jpg --photos DIR`. */
export function addTrainStyleCommand(train: Command, { signal }: CommandContext): void {
  const command = train
    .command('style')
    .description('train a style on one picture, or several styles in one network')
    .argument('[pictures...]', 'style pictures; their file names become the names of the styles');
  addTrainingOptions(command)
    .addOption(
      new Option('--recipe <name>', 'how to train (default: "paper"); see docs/training.md').choices([
        'paper',
        'fast',
        'fast-temporal',
        'hq',
      ]),
    )
    .option('--add-style <pictures...>', 'train only the normalisation of new styles, in minutes')
    .option('--to <preset.onnx>', 'the preset that --add-style extends; the result is a new file')
    .option('--from <preset.onnx>', 'start from a trained network instead of fresh weights')
    .option('--estimate', 'do a few steps, say how long the training would take here, and stop')
    .option('--size <pixels>', 'side of the training pictures', count)
    .option('--style-size <pixels>', 'long side of the style picture: sets the size of the brush', count)
    .option('--content-weight <x>', 'weight of feature reconstruction', positive)
    .option('--style-weight <x>', 'weight of style reconstruction', positive)
    .option('--temporal <x>', 'weight of the steadiness term for video', positive)
    .action(async (pictures: string[], flags: TrainStyleFlags) => {
      await trainStyleCommand(pictures, flags, signal);
    });
}

async function trainStyleCommand(
  named: readonly string[],
  flags: TrainStyleFlags,
  signal: AbortSignal,
): Promise<void> {
  const pictures = picturesOf(named, flags);
  const { styleName } = await import('../training/style-trainer.js');
  const { estimateStyleTraining, trainStyleJob } = await import('../jobs/train-style.js');
  const recipe = await recipeOf(flags);
  const [first = 'style'] = pictures.map(styleName);
  const defaultOutput = `${pictures.length === 1 ? first : 'styles'}.onnx`;
  if (flags.estimate) {
    const { formatSeconds } = await import('./format.js');
    const unused = { output: defaultOutput, folder: '.' };
    const estimate = await estimateStyleTraining({ ...flags, ...unused, pictures, recipe, signal });
    const pace = estimate.secondsPerStep.toFixed(2);
    console.log(
      `About ${formatSeconds(estimate.seconds)}: ${recipe.steps} steps of ${pace} s on this machine.`,
    );
    return;
  }
  const { runTraining } = await import('./run-training.js');
  const places = trainingPlaces(flags, defaultOutput);
  await runTraining(recipe.steps, places.folder, signal, (observer) =>
    trainStyleJob({
      ...flags,
      ...places,
      ...observer,
      pictures,
      recipe,
      addTo: flags.to,
      seconds: flags.time,
      signal,
    }),
  );
}

/** @throws VidstyleError `usage` if it is not clear which pictures are meant */
function picturesOf(named: readonly string[], { addStyle, to }: TrainStyleFlags): readonly string[] {
  if ((addStyle === undefined) !== (to === undefined)) {
    const example = '--add-style picture.jpg --to preset.onnx';
    throw new VidstyleError('usage', `--add-style and --to belong together: ${example}.`);
  }
  if (addStyle && named.length > 0) {
    throw new VidstyleError('usage', 'Name the new style’s picture once, after --add-style.');
  }
  const pictures = addStyle ?? named;
  if (pictures.length > 0) return pictures;
  throw new VidstyleError('usage', 'Name a style picture: vidstyle train style picture.jpg --photos folder.');
}

async function recipeOf(flags: TrainStyleFlags): Promise<StyleRecipe> {
  const { styleRecipes } = await import('../training/recipes.js');
  const named: StyleRecipe = styleRecipes[flags.recipe ?? (flags.addStyle ? 'fast' : 'paper')];
  const base = flags.addStyle ? { ...named, steps: addedStyleSteps } : named;
  return {
    ...asAsked(base, flags),
    size: flags.size ?? base.size,
    temporal: flags.temporal ?? base.temporal,
    stylePictureSize: flags.styleSize ?? base.stylePictureSize,
    objective: {
      ...base.objective,
      content: flags.contentWeight ?? base.objective.content,
      style: flags.styleWeight ?? base.objective.style,
    },
  };
}

/** Only γ and β are learned: minutes, not hours. */
const addedStyleSteps = 200;
