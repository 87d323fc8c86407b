import type { Tensor, Tensor4D, Tf } from '../nets/tfjs.js';
import type { Weights } from '../nets/weights.js';

/** The layers of the loss network whose activations the losses compare, after their ReLU. */
export const taps = ['relu1_2', 'relu2_2', 'relu3_3', 'relu4_3'] as const;
export type Tap = (typeof taps)[number];

/** Filters of each tap. */
export const tapChannels: Readonly<Record<Tap, number>> = {
  relu1_2: 64,
  relu2_2: 128,
  relu3_3: 256,
  relu4_3: 512,
};

/** Convolutions of VGG16's first four blocks (Simonyan and Zisserman 2014, configuration D). */
export const vggLayers = [
  'conv1_1', 'conv1_2',
  'conv2_1', 'conv2_2',
  'conv3_1', 'conv3_2', 'conv3_3',
  'conv4_1', 'conv4_2', 'conv4_3',
] as const; // prettier-ignore

/** What Caffe's and Keras' VGG16 were trained with, subtracted from pixels 0..255; here in RGB order. */
const meanRgb = [123.68, 116.779, 103.939];

/**
 * The loss network Φ: VGG16 up to relu4_3, its weights fixed. Any width narrower than VGG's works too, which the tests
 * use.
 */
export class Vgg16 {
  private readonly tensors = new Map<string, Tensor>();

  /** `weights`: `conv1_1/kernel` `[3,3,in,out]` for RGB input, `conv1_1/bias` `[out]`, … (see `loadVgg16`). */
  constructor(
    private readonly tf: Tf,
    weights: Weights,
  ) {
    for (const [name, { shape, data }] of weights)
      this.tensors.set(name, tf.tensor(data, [...shape], 'float32'));
  }

  /**
   * Activations of the wanted taps; nothing behind the last of them is computed.
   * @param picture `[b, h, w, 3]` float32 RGB in 0..255
   */
  features<T extends Tap>(picture: Tensor4D, wanted: readonly T[]): Record<T, Tensor4D> {
    const { tf } = this;
    const found: Partial<Record<Tap, Tensor4D>> = {};
    let x = picture.sub(tf.tensor1d(meanRgb)) as Tensor4D;
    let remaining = wanted.length;
    for (const layer of vggLayers) {
      if (remaining === 0) break;
      const below = x;
      // What lies between activations is let go at once: at 2048² an activation takes a gigabyte.
      x = tf.tidy(() => {
        const isFirst = layer.endsWith('_1') && layer !== 'conv1_1';
        const input = isFirst ? tf.maxPool(below, 2, 2, 'valid') : below;
        const kernel = this.parameter(`${layer}/kernel`) as Tensor4D;
        return tf.relu(tf.conv2d(input, kernel, 1, 'same').add(this.parameter(`${layer}/bias`)));
      });
      const tap = taps.find((name) => name === layer.replace('conv', 'relu'));
      if (tap && (wanted as readonly Tap[]).includes(tap)) {
        found[tap] = x;
        remaining--;
      }
    }
    return found as Record<T, Tensor4D>;
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
    this.tensors.clear();
  }

  private parameter(name: string): Tensor {
    const found = this.tensors.get(name);
    if (!found) throw new Error(`the loss network lacks "${name}"`);
    return found;
  }
}
