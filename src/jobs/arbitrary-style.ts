import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { ModelHints } from '../engines/model-hints.js';
import { runOnce } from '../engines/onnxruntime.js';
import type { Tensor } from '../engines/tensor.js';
import { VidstyleError } from '../errors.js';
import { arbitraryModels, isArbitraryReady } from '../setup/arbitrary.js';

const styleSide = 256;

/** What a session of the transform network needs: the model, and the picture's style as a constant input. */
export interface ArbitraryStyle {
  readonly model: string;
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly hints: ModelHints;
}

/**
 * Predicts the style of any picture (Ghiasi et al. 2017, arXiv 1705.06830): once, for all frames.
 * @throws VidstyleError `setup` if the networks are not there; `input` if the picture cannot be read
 */
export async function predictStyle(picture: string): Promise<ArbitraryStyle> {
  if (!(await isArbitraryReady())) {
    throw new VidstyleError(
      'setup',
      'Restyling after any picture needs two more networks: run "vidstyle setup arbitrary".',
    );
  }
  const { predict, transform } = arbitraryModels();
  const { data } = await sharp(await readFile(picture))
    .rotate()
    .resize(styleSide, styleSide, { fit: 'cover' })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new VidstyleError('input', `"${picture}" cannot be read as a picture.`, { cause });
    });
  const pixels = Float32Array.from(data, (value) => value / 255);
  const style = await runOnce(await readFile(predict), {
    style_image: { type: 'float32', shape: [1, styleSide, styleSide, 3], data: pixels },
  });
  return {
    model: transform,
    constants: { 'mobilenet_conv/Conv/BiasAdd': style },
    hints: { layout: 'nhwc', range: '0..1' },
  };
}
