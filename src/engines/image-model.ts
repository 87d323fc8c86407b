import { specialise } from '../nets/onnx.js';
import { metadataOf, parseModel, type ModelMetadata } from '../nets/metadata.js';
import type { OnnxModel } from '../nets/onnx-schema.js';
import type { SampleFormat } from '../media/frames.js';
import { VidstyleError } from '../errors.js';
import { findConvention, toldConvention } from './convention.js';
import type { SessionOptions } from './engine.js';
import type { Enlargement } from './enlargement.js';
import type { PictureFormat } from './pixels.js';
import { readSignature, type PictureTensor } from './signature.js';
import type { Tensor, TensorBackend } from './tensor.js';

/** A network and all that must be known to send frames through it. */
export interface ImageModel extends Enlargement {
  readonly bytes: Uint8Array;
  readonly input: PictureTensor;
  readonly output: PictureTensor;
  readonly inputFormat: PictureFormat;
  readonly outputFormat: PictureFormat;
  /** Sides must be multiples of this. */
  readonly multiple: number;
  /** Smallest side it takes. */
  readonly minimumSize: number;
  /** Side of the tiles in which larger frames are done, unless told otherwise. */
  readonly defaultTile: number;
  /** Inputs besides the picture. */
  readonly constants: Readonly<Record<string, Tensor>>;
  /** Length of the `style` input; 0: there is none. */
  readonly styles: number;
  readonly notices: readonly string[];
}

/**
 * Reads a model: one of ours says all about itself, of anybody else's what the graph and the hints leave open is found
 * out by running it on a test card.
 *
 * @throws VidstyleError 'model' for bytes that are no model, or a model that does not turn one picture into another
 */
export async function readImageModel(
  bytes: Uint8Array,
  options: Omit<SessionOptions, 'model'>,
  backend: TensorBackend,
): Promise<ImageModel> {
  const graph = parseModel(bytes);
  const metadata = metadataOf(graph);
  return metadata
    ? readOwnModel(graph, metadata, options.geometry.format, !backend.readsParameters)
    : readForeignModel(bytes, graph, options, backend);
}

function readOwnModel(
  graph: OnnxModel,
  { scale, minimumSize, styles }: ModelMetadata,
  format: SampleFormat,
  lowered: boolean,
): ImageModel {
  const type = format === 'rgb8' ? 'uint8' : 'uint16';
  const { input, output } = readSignature(graph, { layout: 'nhwc' }, ['style']);
  const picture: PictureFormat = { type, layout: 'nhwc', channels: 3, range: 'samples' };
  return {
    bytes: specialise(graph, { sample: type, lowered }),
    input: { ...input, type },
    output: { ...output, type },
    inputFormat: picture,
    outputFormat: picture,
    scale,
    margin: 0,
    multiple: 1,
    minimumSize,
    defaultTile: Infinity,
    constants: {},
    styles: styles.length,
    notices: [],
  };
}

async function readForeignModel(
  bytes: Uint8Array,
  graph: OnnxModel,
  options: Omit<SessionOptions, 'model'>,
  backend: TensorBackend,
): Promise<ImageModel> {
  const { hints = {}, constants = {} } = options;
  if (options.style) {
    throw new VidstyleError('usage', 'The model has no styles to blend: it was not made by vidstyle.');
  }
  const { input, output } = readSignature(graph, hints, Object.keys(constants));
  const unknown = { bytes, input, output, hints, constants, threads: options.threads };
  const found = toldConvention(unknown) ?? (await findConvention(unknown, backend));
  const isFree = typeof input.height === 'string' || typeof input.width === 'string';
  return {
    bytes,
    input,
    output,
    inputFormat: { ...picked(input), layout: found.inputLayout, range: found.inputRange },
    outputFormat: { ...picked(output), layout: found.outputLayout, range: found.outputRange },
    ...found.enlargement,
    multiple: isFree ? (hints.multiple ?? 4) : 1,
    minimumSize: 1,
    // Enlarging networks take kilobytes a pixel and look at neighbourhoods only; a network of scale 1 may look at it all.
    defaultTile: found.enlargement.scale > 1 ? 512 : Infinity,
    constants,
    styles: 0,
    notices: found.notices,
  };
}

function picked({ type, channels }: PictureTensor): Pick<PictureFormat, 'type' | 'channels'> {
  return { type, channels };
}
