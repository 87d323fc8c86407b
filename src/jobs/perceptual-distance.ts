import { loadTensorFlow } from '../engines/tfjs.js';
import { isVidstyleError } from '../errors.js';
import { featureReconstruction } from '../losses/losses.js';
import { loadVgg16 } from '../losses/vgg16-weights.js';
import { Vgg16 } from '../losses/vgg16.js';
import type { Raster } from '../metrics/raster.js';
import { findVgg16 } from '../setup/vgg16.js';

/** How far two pictures are apart for the loss network. */
export interface PerceptualDistance {
  /** Feature reconstruction at relu2_2 (Johnson et al. 2016, eq. 2) of two RGB pictures of one size. */
  between(picture: Raster<Uint8Array>, original: Raster<Uint8Array>): Promise<number>;
  close(): void;
}

/**
 * Opens the loss network; without TensorFlow or VGG16 there is no such distance, which a notice says.
 *
 * @param path VGG16's weights; default those that were set up
 * @throws VidstyleError if weights were named and cannot be used
 */
export async function openPerceptualDistance(
  path: string | undefined,
  onNotice?: (sentence: string) => void,
): Promise<PerceptualDistance | undefined> {
  const weights = path ?? (await findVgg16());
  if (weights === undefined) {
    onNotice?.('No perceptual distance: the loss network is not set up ("vidstyle setup vgg16").');
    return undefined;
  }
  try {
    const tf = loadTensorFlow();
    const vgg = new Vgg16(tf, await loadVgg16(weights));
    return {
      between: async (picture, original) => {
        const distance = tf.tidy(() => {
          const [actual, target] = [picture, original].map(({ width, height, data }) => {
            const tensor = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
            return vgg.features(tensor, ['relu2_2']).relu2_2;
          });
          return actual && target ? featureReconstruction(actual, target) : tf.scalar(NaN);
        });
        const [value = NaN] = await distance.data();
        distance.dispose();
        return value;
      },
      close: () => {
        vgg.dispose();
      },
    };
  } catch (error) {
    if (path !== undefined || !isVidstyleError(error) || error.code !== 'setup') throw error;
    onNotice?.('No perceptual distance: TensorFlow is not set up ("vidstyle setup training").');
    return undefined;
  }
}
