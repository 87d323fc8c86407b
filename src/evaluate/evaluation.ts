import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { abortedError, VidstyleError } from '../errors.js';
import { cut, readPixels, type Pixels } from '../training/photos.js';
import { ObjectiveMeter, type GatysRun } from './objective-meter.js';
import type { EvaluationPlan } from './plan.js';
import type { ScratchOptions } from './peers/scratch.js';
import { findStyles, type EvaluatedStyle } from './styles.js';

/** What the user brings to an evaluation. */
export interface EvaluationMaterial {
  /**
   * Folder of material: photographs never trained on at its top, style pictures in `styles/`, test sets of super-resolution in
   * `sr/`, clips in `clips/`.
   */
  readonly data: string;
  /** Photographs in place of the folder's. */
  readonly photos?: readonly string[] | undefined;
  /** Clips in place of the folder's. */
  readonly clips?: readonly string[] | undefined;
  /** Style networks in place of the presets. */
  readonly models?: readonly string[] | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presets?: string | undefined;
  /** Styles by name, the first being the one that Gatys' method is run on; default all. */
  readonly styles?: readonly string[] | undefined;
  /** VGG16's weights; default those that were set up. */
  readonly vgg16?: string | undefined;
  /** Threads of each network; default every core. */
  readonly threads?: number | undefined;
  /** Where and how other programs are installed and run; default in the cache folder, as child processes. */
  readonly peers?: ScratchOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what is being measured. */
  readonly onProgress?: ((sentence: string) => void) | undefined;
}

/** A photograph of the evaluation, by its short name. */
export interface EvaluatedPhoto {
  readonly name: string;
  readonly path: string;
}

/** An evaluation under way: its material, and what several parts need but must be made once. */
export class Evaluation {
  #meter: Promise<ObjectiveMeter> | undefined;
  readonly #gatys = new Map<string, Promise<GatysRun>>();

  constructor(
    readonly material: EvaluationMaterial,
    readonly plan: EvaluationPlan,
  ) {}

  /** Says what comes next, and ends the evaluation if it was interrupted. @throws VidstyleError `aborted` */
  step(sentence: string): void {
    const { signal, onProgress } = this.material;
    if (signal?.aborted) throw abortedError(signal);
    onProgress?.(sentence);
  }

  /** The styles to measure. */
  styles(): Promise<EvaluatedStyle[]> {
    const { data, models, presets, styles: names } = this.material;
    return findStyles(join(data, 'styles'), { models, presets, names });
  }

  /** The style on which Gatys' method is run. */
  async firstStyle(): Promise<EvaluatedStyle> {
    return first(await this.styles());
  }

  /** The photograph of what is measured once. */
  async firstPhoto(): Promise<EvaluatedPhoto> {
    return first(await this.photos());
  }

  /** Photographs that no network was trained on. @throws VidstyleError `input` if there are none */
  async photos(): Promise<EvaluatedPhoto[]> {
    const files = this.material.photos ?? (await filesIn(this.material.data, pictureFile));
    if (files.length === 0)
      throw new VidstyleError('input', `There are no photographs in "${this.material.data}".`);
    return files.slice(0, this.plan.photos).map((path) => ({ name: basename(path, extname(path)), path }));
  }

  /** Real clips. @throws VidstyleError `input` if there are none */
  async clips(): Promise<string[]> {
    const clips = this.material.clips ?? (await filesIn(join(this.material.data, 'clips'), clipFile));
    if (clips.length > 0) return [...clips];
    throw new VidstyleError('input', `There are no clips in "${join(this.material.data, 'clips')}".`);
  }

  /** The objective's meter, opened when it is first needed. */
  meter(): Promise<ObjectiveMeter> {
    this.#meter ??= ObjectiveMeter.open(this.material.vgg16);
    return this.#meter;
  }

  /** Gatys' method on the middle square of a photo, run once for all parts that ask for it. */
  gatys(photo: EvaluatedPhoto, size: number): Promise<GatysRun> {
    const key = `${size} ${photo.path}`;
    const run = this.#gatys.get(key) ?? this.#optimise(photo, size);
    this.#gatys.set(key, run);
    return run;
  }

  /** Iterations of Gatys' method at a size of the plan. */
  iterationsAt(size: number): number {
    const { sizes, iterations } = this.plan;
    return iterations[Math.min(sizes.indexOf(size), iterations.length - 1)] ?? 0;
  }

  /** Frees what was opened; idempotent. */
  async close(): Promise<void> {
    (await this.#meter?.catch(() => undefined))?.close();
    this.#meter = undefined;
  }

  async #optimise(photo: EvaluatedPhoto, size: number): Promise<GatysRun> {
    const [meter, style] = [await this.meter(), await this.firstStyle()];
    const iterations = this.iterationsAt(size);
    const { signal } = this.material;
    return meter.optimise(await middleSquare(photo.path, size), style, {
      iterations,
      signal,
      onIteration: (iteration) => {
        if (iteration === 1 || iteration % 10 === 0)
          this.step(`Gatys at ${size}², ${photo.name}: iteration ${iteration} of ${iterations}`);
      },
    });
  }
}

/** The middle square of a picture, scaled to `size` pixels a side. @throws VidstyleError `input` if it cannot be read */
export async function middleSquare(path: string, size: number): Promise<Pixels> {
  return middleOf(await readPixels(path, { shortSide: size }), size);
}

/** The middle square of a picture, pixel by pixel: of `size` pixels a side, or as much of them as there is. */
export function middleOf(picture: Pixels, size: number): Pixels {
  const [width, height] = [Math.min(picture.width, size), Math.min(picture.height, size)];
  const [left, top] = [(picture.width - width) >> 1, (picture.height - height) >> 1];
  return cut(picture, { left, top, width, height, mirrored: false });
}

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error('lists of material are not empty');
  return item;
}

const clipFile = /\.(mp4|mov|mkv|webm|avi|m4v)$/i;
const pictureFile = /\.(jpe?g|png|webp|tiff?)$/i;

/** Files of a folder by their names, in order; none if there is no such folder. */
export async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => pattern.test(name)).sort().map((name) => join(folder, name)); // prettier-ignore
}
