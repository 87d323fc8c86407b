import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTensorFlow } from '../engines/tfjs.js';
import { VidstyleError } from '../errors.js';
import { buildNetwork } from '../nets/families.js';
import { readMetadata, type NetworkSpec } from '../nets/metadata.js';
import { weightsFromOnnx } from '../nets/onnx.js';
import type { Weights } from '../nets/weights.js';
import { findVgg16 } from '../setup/vgg16.js';
import { readCheckpoint } from '../training/checkpoint.js';
import { exportPreset } from '../training/export.js';
import type { StepReport } from '../training/loop.js';
import { PhotoSet, readPixels } from '../training/photos.js';
import type { StyleRecipe } from '../training/recipes.js';
import { drawSamples } from '../training/samples.js';
import { styleName, trainStyle } from '../training/style-trainer.js';
import { openTrainingLog } from '../training/training-log.js';

export interface TrainStyleOptions {
  /** Style pictures; their file names become the styles' names. */
  readonly pictures: readonly string[];
  /** Folder of photographs. */
  readonly photos: string;
  readonly recipe: StyleRecipe;
  /** VGG16's weights; by default where `vidstyle setup vgg16` puts them. */
  readonly vgg16?: string | undefined;
  /** Folder for checkpoints, samples and curves. */
  readonly folder: string;
  /** Where the trained model goes. */
  readonly output: string;
  /** Goes on from the folder's checkpoint. */
  readonly resume?: boolean | undefined;
  /** A conditional preset that the styles are added to; nothing else of it changes. */
  readonly addTo?: string | undefined;
  readonly seed?: number | undefined;
  readonly checkpointEvery?: number | undefined;
  /** Steps between sample pictures, rounded up to checkpoints. */
  readonly sampleEvery?: number | undefined;
  /** The photo that samples are drawn on; by default the first of `photos`. */
  readonly samplePhoto?: string | undefined;
  readonly gpu?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** The loss blew up; the training goes on from `step`, slower. */
  readonly onRecovery?: ((step: number, rateFactor: number) => void) | undefined;
}

export interface TrainStyleReport {
  readonly output: string;
  readonly steps: number;
  readonly styles: readonly string[];
  readonly losses: Readonly<Record<string, number>>;
  /** Photos that were unreadable or too small, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * Trains a style and writes it as a model file; samples, curves, TensorBoard summaries and checkpoints go into `folder`
 * on the way.
 *
 * @throws VidstyleError `setup` without TensorFlow or VGG16; `training` without photos or disk space; `aborted` by
 *   `signal`, after saving a checkpoint
 */
export async function trainStyleJob(options: TrainStyleOptions): Promise<TrainStyleReport> {
  const { folder, output, recipe, pictures, photos, signal } = options;
  const vgg16 = await requireVgg16(options.vgg16);
  const addTo = options.addTo === undefined ? undefined : await readPreset(options.addTo);
  await expectDiskSpace(folder);
  const tf = loadTensorFlow(options.gpu ? { gpu: true } : {});
  const resume = options.resume ?? false;
  const from = resume ? (await readCheckpoint(join(folder, 'checkpoint.safetensors'))).head.step : 0;
  const sampled = await readPixels(options.samplePhoto ?? (await firstPhoto(photos)), { shortSide: 256 });
  let network: NetworkSpec | undefined;
  const log = await openTrainingLog(tf, {
    folder,
    from,
    sampleEvery: options.sampleEvery ?? 500,
    sample: (weights) => drawSamples(tf, network ?? recipe.network, weights, sampled),
  });
  const result = await trainStyle(
    tf,
    {
      pictures,
      photos,
      vgg16,
      recipe,
      folder,
      resume,
      addTo,
      signal,
      seed: options.seed ?? 1,
      checkpointEvery: options.checkpointEvery ?? 100,
      onNetwork: (spec) => (network = spec),
    },
    {
      ...log,
      onStep: async (report) => {
        options.onStep?.(report);
        await log.onStep?.(report);
      },
      ...(options.onRecovery && { onRecovery: options.onRecovery }),
    },
  );
  const { network: spec, weights, steps, losses, skipped } = result;
  const [only = 'style'] = pictures.map(styleName);
  const name = pictures.length === 1 ? only : 'styles';
  await exportPreset(output, weights, {
    kind: 'style',
    name,
    network: spec,
    recipe: { ...recipe, step: steps },
    losses,
  });
  return { output, steps, styles: buildNetwork(spec).styles, losses, skipped };
}

/**
 * How long a training will take here, in seconds: some steps are done and thrown away.
 * @throws VidstyleError as {@link trainStyleJob}
 */
export async function estimateStyleTraining(
  options: TrainStyleOptions,
): Promise<{ readonly secondsPerStep: number; readonly seconds: number }> {
  const tf = loadTensorFlow(options.gpu ? { gpu: true } : {});
  const [warm, counted] = [2, 4];
  const times: number[] = [];
  const recipe = { ...options.recipe, steps: warm + counted };
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-estimate-'));
  try {
    const vgg16 = await requireVgg16(options.vgg16);
    const { pictures, photos, signal } = options;
    await trainStyle(
      tf,
      { pictures, photos, vgg16, recipe, folder, signal, seed: 1, checkpointEvery: 1e9, resume: false },
      { onStep: ({ seconds }) => void times.push(seconds) },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const secondsPerStep = times.slice(warm).reduce((sum, time) => sum + time, 0) / counted;
  return { secondsPerStep, seconds: secondsPerStep * options.recipe.steps };
}

/**
 * The loss network's weights: those named, else those set up.
 * @throws VidstyleError `setup` if there are none
 */
export async function requireVgg16(named?: string): Promise<string> {
  const path = named ?? (await findVgg16());
  if (path !== undefined) return path;
  throw new VidstyleError(
    'setup',
    'The loss network is not set up: run "vidstyle setup vgg16", or name its weights with --vgg16.',
  );
}

async function readPreset(path: string): Promise<{ network: NetworkSpec; weights: Weights }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new VidstyleError('model', `The preset "${path}" cannot be read.`, { cause });
  });
  const metadata = readMetadata(bytes);
  if (!metadata)
    throw new VidstyleError('model', `"${path}" was not trained by vidstyle; styles cannot be added.`);
  const { network } = metadata;
  return { network, weights: weightsFromOnnx(bytes, buildNetwork(network)) };
}

/** The first picture of a folder: what samples are drawn on unless told otherwise. */
export async function firstPhoto(folder: string): Promise<string> {
  const { files } = await PhotoSet.open(folder, { minimumSize: 1, seed: 0 });
  return files[0] ?? folder;
}

/** Room for a checkpoint beside its successor, samples and curves. */
const neededBytes = 200e6;

/** @throws VidstyleError `training` if there is too little room for checkpoints */
export async function expectDiskSpace(folder: string): Promise<void> {
  for (let existing = folder; ; existing = join(existing, '..')) {
    const space = await statfs(existing).catch(() => undefined);
    if (!space && existing !== join(existing, '..')) continue;
    if (!space || space.bavail * space.bsize >= neededBytes) return;
    throw new VidstyleError(
      'training',
      `There is too little room for checkpoints at "${folder}": 200 MB are needed.`,
    );
  }
}
