import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadForTraining, type TrainingTf } from '../engines/tfjs.js';
import { VidstyleError } from '../errors.js';
import type { Weights } from '../nets/weights.js';
import { findVgg16 } from '../setup/vgg16.js';
import { readCheckpoint } from '../training/checkpoint.js';
import type { LoopObserver, StepReport } from '../training/loop.js';
import { PhotoSet, readPixels, type Pixels } from '../training/photos.js';
import { openTrainingLog } from '../training/training-log.js';

/** What every training is told, whatever it trains. */
export interface TrainingJobOptions {
  /** Folder of photographs. */
  readonly photos: string;
  /** VGG16's weights; by default where `vidstyle setup vgg16` puts them. Only losses on features need them. */
  readonly vgg16?: string | undefined;
  /** Folder for checkpoints, samples and curves. */
  readonly folder: string;
  /** Where the trained model goes. */
  readonly output: string;
  /** Goes on from the folder's checkpoint. */
  readonly resume?: boolean | undefined;
  /** Start of all chance; default 1. */
  readonly seed?: number | undefined;
  /** Seconds the training may take; its rate falls by the clock then. */
  readonly seconds?: number | undefined;
  /** Steps between checkpoints. */
  readonly checkpointEvery?: number | undefined;
  /** Steps between sample pictures, rounded up to checkpoints; 0 draws none. */
  readonly sampleEvery?: number | undefined;
  /** The photo that samples are drawn on; by default the first of `photos`. */
  readonly samplePhoto?: string | undefined;
  /** Insist on TensorFlow's GPU library. */
  readonly gpu?: boolean | undefined;
  /** Train on an accelerator by XLA: true, or the file of its PJRT plugin. */
  readonly xla?: boolean | string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of every step. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
  /** The loss blew up; the training goes on from `step`, slower. */
  readonly onRecovery?: ((step: number, rateFactor: number) => void) | undefined;
}

/** How a training ended. */
export interface TrainingJobReport {
  /** The model that was written. */
  readonly output: string;
  readonly steps: number;
  /** Running means of the losses at the end. */
  readonly losses: Readonly<Record<string, number>>;
  /** Photos that were unreadable or too small, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

/** What a training job works with, opened. */
export interface OpenedTraining {
  readonly tf: TrainingTf;
  /** Hands the loop's reports to the training's diary and to the caller. */
  readonly observer: LoopObserver;
}

/**
 * Loads TensorFlow and opens the training's diary where it left off.
 *
 * @param sampleEvery steps between samples where the options say nothing
 * @param sample draws what the network makes of the sample photo, as a PNG
 * @throws VidstyleError `setup` without TensorFlow; `training` if there is no room or the checkpoint to resume is unsound
 */
export async function openTraining(
  options: TrainingJobOptions,
  sampleEvery: number,
  sample: (tf: TrainingTf, weights: Weights, photo: Pixels) => Promise<Buffer>,
): Promise<OpenedTraining> {
  const { folder, photos, resume, onStep, onRecovery } = options;
  await expectDiskSpace(folder);
  const tf = await loadForTraining(options);
  const from = resume ? (await readCheckpoint(join(folder, 'checkpoint.safetensors'))).head.step : 0;
  const photo = await readPixels(options.samplePhoto ?? (await firstPhoto(photos)), { shortSide: 256 });
  const log = await openTrainingLog(tf, {
    folder,
    from,
    sampleEvery: options.sampleEvery ?? sampleEvery,
    sample: (weights) => sample(tf, weights, photo),
  });
  const observer: LoopObserver = {
    ...log,
    onStep: async (report) => {
      onStep?.(report);
      await log.onStep?.(report);
    },
    ...(onRecovery && { onRecovery }),
  };
  return { tf, observer };
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

/** The first picture of a folder: what samples are drawn on unless told otherwise. */
async function firstPhoto(folder: string): Promise<string> {
  const { files } = await PhotoSet.open(folder, { minimumSize: 1, seed: 0 });
  return files[0] ?? folder;
}

/** @throws VidstyleError `training` if there is too little room for checkpoints */
async function expectDiskSpace(folder: string): Promise<void> {
  let existing = resolve(folder);
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  if (bavail * bsize >= neededBytes) return;
  throw new VidstyleError(
    'training',
    `There is too little room for checkpoints at "${folder}": 200 MB are needed.`,
  );
}

/** Room for a checkpoint beside its successor, samples and curves. */
const neededBytes = 200e6;
