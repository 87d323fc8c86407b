import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { loadTensorFlow } from '../engines/tfjs.js';
import { abortedError } from '../errors.js';
import { StyleObjective } from '../losses/objective.js';
import { loadVgg16 } from '../losses/vgg16-weights.js';
import { Vgg16 } from '../losses/vgg16.js';
import { optimisePicture, type GatysOptions } from '../training/gatys.js';
import { readPixels } from '../training/photos.js';
import { stack } from '../training/style-task.js';
import { styleTarget } from '../training/style-trainer.js';
import { requireVgg16 } from './training-job.js';

export interface OptimiseOptions extends Partial<GatysOptions> {
  readonly photo: string;
  /** Style picture. */
  readonly style: string;
  /** Where the picture goes: PNG, JPEG or WebP by its extension. */
  readonly output: string;
  /** Short side to which the photo is scaled; its own size by default, which takes memory. Pixels. */
  readonly size?: number | undefined;
  readonly stylePictureSize?: number | undefined;
  /** Where the objective of every iteration goes, as CSV. */
  readonly objectiveCsv?: string | undefined;
  readonly vgg16?: string | undefined;
}

/**
 * Gatys et al. 2015: optimises one picture instead of training a network; slow, and what the networks are measured against.
 *
 * @returns the objective reached
 * @throws VidstyleError `setup` without TensorFlow or VGG16; `input` if a picture cannot be read; `aborted`
 */
export async function optimiseJob(options: OptimiseOptions): Promise<number> {
  const vgg16 = await requireVgg16(options.vgg16);
  const tf = loadTensorFlow();
  const vgg = new Vgg16(tf, await loadVgg16(vgg16));
  try {
    const objective = new StyleObjective(tf, vgg);
    const pixels = await readPixels(options.photo, { shortSide: options.size });
    const target = await styleTarget(tf, objective, options.style, options.stylePictureSize ?? 384);
    const rows = ['iteration,objective'];
    const result = await optimisePicture(tf, objective, stack(tf, [pixels]), target, {
      ...options,
      onIteration: (iteration, value) => {
        rows.push(`${iteration},${value}`);
        options.onIteration?.(iteration, value);
      },
    }).catch((cause: unknown) => {
      throw options.signal?.aborted ? abortedError(options.signal) : cause;
    });
    const { width, height } = pixels;
    const data = Uint8Array.from(await result.picture.clipByValue(0, 255).round().data());
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(options.output);
    if (options.objectiveCsv !== undefined) await writeFile(options.objectiveCsv, `${rows.join('\n')}\n`);
    return result.objective;
  } finally {
    vgg.dispose();
  }
}
