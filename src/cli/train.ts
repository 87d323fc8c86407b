import { type Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { count, positive } from './arguments.js';
import { addTrainSrCommand } from './train-sr.js';
import type { StyleRecipe, StyleRecipeName } from '../training/recipes.js';

interface TrainStyleFlags {
  readonly photos: string;
  readonly recipe: StyleRecipeName;
  readonly steps?: number;
  readonly size?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly styleSize?: number;
  readonly contentWeight?: number;
  readonly styleWeight?: number;
  readonly temporal?: number;
  readonly vgg16?: string;
  readonly output?: string;
  readonly folder?: string;
  readonly resume?: boolean;
  readonly to?: string;
  readonly addStyle?: readonly string[];
  readonly estimate?: boolean;
  readonly sampleEvery?: number;
  readonly samplePhoto?: string;
  readonly checkpointEvery?: number;
  readonly seed?: number;
  readonly gpu?: boolean;
}

/** `vidstyle train style …`, `vidstyle train export …`. */
export function registerTrainCommand(program: Command, context: { readonly signal: AbortSignal }): void {
  const train = program.command('train').description('train networks on your own pictures');
  train
    .command('style')
    .description('train a style on one picture, or several styles in one network')
    .argument('[pictures...]', 'style pictures; their file names become the names of the styles')
    .requiredOption('--photos <folder>', 'photographs to learn on, any few hundred or more')
    .addOption(
      new Option('--recipe <name>', 'how to train; see docs/training.md')
        .choices(['paper', 'fast', 'fast-temporal', 'hq'])
        .default('paper'),
    )
    .option('--output <file.onnx>', 'the trained model (default: the picture’s name)')
    .option('--folder <folder>', 'checkpoints, samples and curves (default: beside the output)')
    .option('--resume', 'go on from the folder’s checkpoint')
    .option(
      '--add-style',
      'train only a new style’s normalisation, into a copy of the preset named with --to',
    )
    .option('--to <preset.onnx>', 'the preset that --add-style extends; the result is a new file')
    .option('--estimate', 'do a few steps, say how long the training would take here, and stop')
    .option('--steps <n>', 'iterations', count)
    .option('--size <pixels>', 'side of the training pictures', count)
    .option('--batch <n>', 'pictures a step', count)
    .option('--rate <x>', 'learning rate', positive)
    .option('--style-size <pixels>', 'long side of the style picture: sets the size of the brush', count)
    .option('--content-weight <x>', 'weight of feature reconstruction', positive)
    .option('--style-weight <x>', 'weight of style reconstruction', positive)
    .option('--temporal <x>', 'weight of the steadiness term for video', positive)
    .option('--vgg16 <file>', 'the loss network’s weights (default: what "vidstyle setup vgg16" brought)')
    .option('--checkpoint-every <steps>', 'steps between checkpoints', count)
    .option('--sample-every <steps>', 'steps between sample pictures', count)
    .option('--sample-photo <file>', 'the photo that samples are drawn on')
    .option('--seed <n>', 'start of all chance', count)
    .option('--gpu', 'insist on TensorFlow’s GPU library')
    .action(async (pictures: string[], flags: TrainStyleFlags) => {
      await trainStyleCommand(pictures, flags, context.signal);
    });
  addTrainSrCommand(train, context);
  train
    .command('export')
    .description('make a model of a training’s newest checkpoint')
    .argument('<folder>', 'the training’s folder')
    .argument('<output.onnx>')
    .option('--name <name>', 'the model’s name', 'style')
    .action(async (folder: string, output: string, { name }: { name: string }) => {
      const { exportCheckpoint } = await import('../training/export.js');
      await exportCheckpoint(join(folder, 'checkpoint.safetensors'), output, { kind: 'style', name });
      console.error(`Wrote ${output}.`);
    });
}

async function trainStyleCommand(
  arguments_: readonly string[],
  flags: TrainStyleFlags,
  signal: AbortSignal,
): Promise<void> {
  const { VidstyleError } = await import('../errors.js');
  const { estimateStyleTraining, trainStyleJob } = await import('../jobs/train-style.js');
  const { styleName } = await import('../training/style-trainer.js');
  const { runTraining } = await import('./run-training.js');
  const { formatSeconds } = await import('./format.js');
  if ((flags.addStyle === undefined) !== (flags.to === undefined)) {
    throw new VidstyleError(
      'usage',
      '--add-style and --to belong together: --add-style picture.jpg --to preset.onnx',
    );
  }
  if (flags.addStyle && arguments_.length > 0) {
    throw new VidstyleError('usage', 'Name the new style’s picture once, after --add-style.');
  }
  const pictures = flags.addStyle ?? arguments_;
  if (pictures.length === 0)
    throw new VidstyleError('usage', 'Name a style picture: vidstyle train style picture.jpg …');
  const recipe = await recipeOf(flags);
  const [first = 'style'] = pictures.map(styleName);
  const output = flags.output ?? `${pictures.length === 1 ? first : 'styles'}.onnx`;
  const folder = flags.folder ?? `${output.replace(/\.onnx$/, '')}-training`;
  const options = { ...flags, pictures, recipe, output, folder, addTo: flags.to, signal };
  if (flags.estimate) {
    const { seconds, secondsPerStep } = await estimateStyleTraining(options);
    const pace = secondsPerStep.toFixed(2);
    console.log(`About ${formatSeconds(seconds)}: ${recipe.steps} steps of ${pace} s on this machine.`);
    return;
  }
  if (!flags.resume && existsSync(join(folder, 'checkpoint.safetensors'))) {
    throw new VidstyleError(
      'usage',
      `"${folder}" holds a training already: add --resume, or name another --folder.`,
    );
  }
  await runTraining(recipe.steps, folder, signal, (observer) => trainStyleJob({ ...options, ...observer }));
}

async function recipeOf(flags: TrainStyleFlags): Promise<StyleRecipe> {
  const { styleRecipes } = await import('../training/recipes.js');
  const base: StyleRecipe = styleRecipes[flags.addStyle && flags.recipe === 'paper' ? 'fast' : flags.recipe];
  return {
    ...base,
    steps: flags.steps ?? (flags.addStyle ? addedStyleSteps : base.steps),
    size: flags.size ?? base.size,
    batch: flags.batch ?? base.batch,
    rate: flags.rate ?? base.rate,
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
