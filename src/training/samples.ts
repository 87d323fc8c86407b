import sharp from 'sharp';
import { buildNetwork } from '../nets/families.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { forward, toTensors, type Tf } from '../nets/tfjs.js';
import type { Weights } from '../nets/weights.js';
import type { Pixels } from './photos.js';
import { stack } from './style-task.js';

/** Draws a photo in every style of a network as one PNG: a contact sheet, three pictures a row. */
export async function drawSamples(
  tf: Tf,
  spec: NetworkSpec,
  weights: Weights,
  photo: Pixels,
): Promise<Buffer> {
  const network = buildNetwork(spec);
  const parameters = toTensors(tf, weights);
  const run = forward(tf, network);
  const count = Math.max(1, network.styles.length);
  const pictures: Pixels[] = [];
  for (let row = 0; row < count; row++) {
    const result = tf.tidy(() => {
      const onehot = Float32Array.from({ length: count }, (_, i) => (i === row ? 1 : 0));
      const style = network.styles.length > 0 ? tf.tensor1d(onehot) : undefined;
      return run(parameters, stack(tf, [photo]), { style })
        .clipByValue(0, 255)
        .round();
    });
    const [, height = 0, width = 0] = result.shape;
    pictures.push({ data: Uint8Array.from(await result.data()), width, height });
    result.dispose();
  }
  for (const tensor of parameters.values()) tensor.dispose();
  return contactSheet(pictures, Math.min(3, count));
}

/** Pictures of one size side by side, `columns` a row, as a PNG. */
export async function contactSheet(pictures: readonly Pixels[], columns: number): Promise<Buffer> {
  const [{ width, height } = { width: 1, height: 1 }] = pictures;
  const rows = Math.ceil(pictures.length / columns);
  const sheet = sharp({
    create: { width: width * columns, height: height * rows, channels: 3, background: '#fff' },
  });
  const tiles = pictures.map(({ data }, i) => ({
    input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    raw: { width, height, channels: 3 as const },
    left: (i % columns) * width,
    top: Math.floor(i / columns) * height,
  }));
  return sheet.composite(tiles).png().toBuffer();
}
