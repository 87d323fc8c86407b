import { loadTensorFlow } from '../src/engines/tfjs.js';
import { StyleObjective, styleObjectiveDefaults, type StyleTarget } from '../src/losses/objective.js';
import { loadVgg16 } from '../src/losses/vgg16-weights.js';
import { Vgg16 } from '../src/losses/vgg16.js';
import type { Pixels } from '../src/training/photos.js';
import { stack } from '../src/training/style-task.js';
import { styleTarget } from '../src/training/style-trainer.js';

/** Long side of style pictures: what the presets were trained with. */
const stylePictureSize = 384;

/** The training's objective, for pictures. */
export interface PictureObjective {
  target(stylePicture: string): Promise<StyleTarget>;
  /** Content and style of a restyled picture. */
  of(restyled: Pixels, photo: Pixels, target: StyleTarget): number;
}

/** @param vgg16 file of the loss network's weights */
export async function loadPictureObjective(vgg16: string): Promise<PictureObjective> {
  const tf = loadTensorFlow();
  const objective = new StyleObjective(tf, new Vgg16(tf, await loadVgg16(vgg16)), styleObjectiveDefaults);
  return {
    target: (stylePicture) => styleTarget(tf, objective, stylePicture, stylePictureSize),
    of: (restyled, photo, target) =>
      tf.tidy(() => {
        const content = objective.contentTarget(stack(tf, [photo]));
        const { total } = objective.losses(stack(tf, [restyled]), content, target);
        return total.dataSync<'float32'>()[0] ?? NaN;
      }),
  };
}
