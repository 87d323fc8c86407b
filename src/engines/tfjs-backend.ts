import { VidstyleError } from '../errors.js';
import { buildNetwork } from '../nets/families.js';
import type { Network } from '../nets/layers.js';
import { metadataOf, parseModel } from '../nets/metadata.js';
import { weightsFromOnnx } from '../nets/onnx.js';
import { forward, toTensors, type Tensor as TfTensor, type Tensor4D, type Tf } from '../nets/tfjs.js';
import { createTensor, type Tensor, type TensorRequest, type TensorSession } from './tensor.js';

/**
 * Builds one of vidstyle's own networks on TensorFlow from the weights in its file.
 * @throws VidstyleError 'model' for a model of other origin
 */
export function openOnTensorFlow(
  tf: Tf,
  device: string,
  request: TensorRequest,
  notices: readonly string[],
): TensorSession {
  const metadata = metadataOf(parseModel(request.model));
  if (!metadata) {
    throw new VidstyleError('model', 'The tfjs engine runs networks of vidstyle only; use another engine.');
  }
  const network = buildNetwork(metadata.network);
  const parameters = toTensors(tf, weightsFromOnnx(request.model, network));
  return new TensorFlowSession(tf, network, parameters, request, `tfjs ${device}`, notices);
}

class TensorFlowSession implements TensorSession {
  readonly #run: ReturnType<typeof forward>;
  readonly #result: Tensor;

  constructor(
    private readonly tf: Tf,
    private readonly network: Network,
    private readonly parameters: ReadonlyMap<string, TfTensor>,
    private readonly request: TensorRequest,
    readonly description: string,
    readonly notices: readonly string[],
  ) {
    this.#run = forward(tf, network);
    this.#result = createTensor(request.outputType, request.outputShape ?? []);
  }

  async run(): Promise<Tensor> {
    const samples = this.tf.tidy(() => this.#samples());
    try {
      this.#result.data.set(await samples.data<'int32'>());
      return this.#result;
    } finally {
      samples.dispose();
    }
  }

  close(): Promise<void> {
    for (const tensor of this.parameters.values()) tensor.dispose();
    return Promise.resolve();
  }

  #samples(): TfTensor {
    const { tf, network } = this;
    const { inputs, image } = this.request;
    const picture = inputs[image] ?? missing(image);
    const white = picture.type === 'uint16' ? 65535 : 255;
    const shape = picture.shape as [number, number, number, number];
    const rgb: Tensor4D = tf.tensor4d(Float32Array.from(picture.data), shape).mul(255 / white);
    const result = network.channels === 'luma' ? this.#enlargeLuma(rgb) : this.#forward(rgb);
    return result
      .mul(white / 255)
      .add(0.5)
      .clipByValue(0, white)
      .cast('int32');
  }

  #forward(picture: Tensor4D): Tensor4D {
    const { style } = this.request.inputs;
    return this.#run(this.parameters, picture, {
      style: style && this.tf.tensor1d(Float32Array.from(style.data)),
    });
  }

  /** The network's luminance, ITU-R BT.601 in full range, with the picture's colour differences enlarged bilinearly. */
  #enlargeLuma(rgb: Tensor4D): Tensor4D {
    const { tf, network } = this;
    const [, height, width] = rgb.shape;
    const luma: Tensor4D = rgb.mul(tf.tensor1d([0.299, 0.587, 0.114])).sum(3, true);
    const size: [number, number] = [height * network.scale, width * network.scale];
    return tf.image.resizeBilinear(rgb.sub(luma) as Tensor4D, size, false, true).add(this.#forward(luma));
  }
}

function missing(input: string): never {
  throw new Error(`there is no input ${input}`);
}
