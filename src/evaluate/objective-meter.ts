import { loadTensorFlow } from '../engines/tfjs.js';
import { abortedError } from '../errors.js';
import { requireVgg16 } from '../jobs/training-job.js';
import { disposeTarget, StyleObjective, type StyleTarget } from '../losses/objective.js';
import { loadVgg16 } from '../losses/vgg16-weights.js';
import { Vgg16 } from '../losses/vgg16.js';
import type { Tf } from '../nets/tfjs.js';
import { optimisePicture, type GatysOptions } from '../training/gatys.js';
import type { Pixels } from '../training/photos.js';
import { stack } from '../training/style-task.js';
import { styleTarget } from '../training/style-trainer.js';
import type { EvaluatedStyle } from './styles.js';

type Measured = Pick<EvaluatedStyle, 'picture' | 'pictureSize' | 'objective'>;

/** An optimisation as it went: after each iteration, from the first. */
export interface GatysRun {
  readonly objectives: readonly number[];
  /** Seconds from the start. */
  readonly seconds: readonly number[];
}

/**
 * The objective of style transfer on pictures, and Gatys' optimisation of it. Feature losses are divided by C·H·W, as are Gram
 * matrices, so that the objective is one per pixel: pictures of different sizes can be compared.
 */
export class ObjectiveMeter {
  readonly #targets = new Map<string, StyleTarget>();

  private constructor(
    private readonly tf: Tf,
    private readonly vgg: Vgg16,
  ) {}

  /**
   * @param vgg16 the loss network's weights; default those that were set up
   * @throws VidstyleError `setup` without TensorFlow or VGG16; `training` if the weights are none
   */
  static async open(vgg16?: string): Promise<ObjectiveMeter> {
    const weights = await requireVgg16(vgg16);
    const tf = loadTensorFlow();
    return new ObjectiveMeter(tf, new Vgg16(tf, await loadVgg16(weights)));
  }

  /** The objective of a picture as a restyled photo, with the weights that the style was trained on. */
  async of(picture: Pixels, photo: Pixels, style: Measured): Promise<number> {
    const { tf } = this;
    const [objective, target] = await this.#for(style);
    return tf.tidy(() => {
      const content = objective.contentTarget(stack(tf, [photo]));
      return objective.losses(stack(tf, [picture]), content, target).total.dataSync<'float32'>()[0] ?? NaN;
    });
  }

  /** Gatys' method on a photo: L-BFGS from noise, as in the paper. @throws VidstyleError `aborted` */
  async optimise(
    photo: Pixels,
    style: Measured,
    { signal, ...options }: Pick<GatysOptions, 'iterations' | 'signal' | 'onIteration'>,
  ): Promise<GatysRun> {
    const [objective, target] = await this.#for(style);
    const objectives: number[] = [];
    const seconds: number[] = [];
    const start = stack(this.tf, [photo]);
    const startedMs = performance.now();
    try {
      const { picture } = await optimisePicture(this.tf, objective, start, target, {
        ...options,
        signal,
        onIteration: (iteration, value) => {
          objectives.push(value);
          seconds.push((performance.now() - startedMs) / 1000);
          options.onIteration?.(iteration, value);
        },
      });
      picture.dispose();
    } catch (cause) {
      throw signal?.aborted ? abortedError(signal) : cause;
    } finally {
      start.dispose();
    }
    return { objectives, seconds };
  }

  /** Frees the loss network; idempotent. */
  close(): void {
    for (const target of this.#targets.values()) disposeTarget(target);
    this.#targets.clear();
    this.vgg.dispose();
  }

  async #for({ picture, pictureSize, objective: weights }: Measured): Promise<[StyleObjective, StyleTarget]> {
    const objective = new StyleObjective(this.tf, this.vgg, weights);
    const key = `${pictureSize} ${picture}`;
    const target = this.#targets.get(key) ?? (await styleTarget(this.tf, objective, picture, pictureSize));
    this.#targets.set(key, target);
    return [objective, target];
  }
}
