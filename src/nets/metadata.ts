import { z } from 'zod';
import { VidstyleError } from '../errors.js';
import { decodeModel, type OnnxModel } from './onnx-schema.js';

/** The style of a conditional network that gives the photo back; strength is a blend with it. */
export const identityStyle = 'identity';

/** Names a network of ours so that it can be built anew: family and options, see `families.ts`. */
export const networkSpecSchema = z.object({
  family: z.string(),
  options: z.record(z.string(), z.unknown()),
});
/** Names a network of ours so that it can be built anew. */
export type NetworkSpec = z.infer<typeof networkSpecSchema>;

const metadataSchema = z.object({
  kind: z.enum(['style', 'sr']),
  name: z.string(),
  /** Version of the format of this record. */
  version: z.literal(1),
  /** Version of vidstyle that wrote the file. */
  producer: z.string(),
  network: networkSpecSchema,
  /** Rows of the `style` input, in order; empty for a network of one style. */
  styles: z.array(z.string()),
  scale: z.number().int().min(1),
  /** Smallest width and height in pixels that the network takes. */
  minimumSize: z.number().int().min(1),
  /** How it was trained. */
  recipe: z.record(z.string(), z.unknown()),
  /** The last losses of that training. */
  losses: z.record(z.string(), z.unknown()),
  licence: z.string(),
});

/** What a vidstyle model file says about itself, kept under the key `vidstyle` in the ONNX metadata. */
export type ModelMetadata = z.infer<typeof metadataSchema>;

const key = 'vidstyle';

export function metadataEntry(metadata: ModelMetadata): { key: string; value: string } {
  return { key, value: JSON.stringify(metadata) };
}

/**
 * Reads a model file's own description; undefined for a model of other origin.
 * @throws VidstyleError `model` if the bytes are no ONNX file or the description is malformed
 */
export function readMetadata(bytes: Uint8Array): ModelMetadata | undefined {
  return metadataOf(parseModel(bytes));
}

export function metadataOf(model: OnnxModel): ModelMetadata | undefined {
  const entry = model.metadata_props.find((property) => property.key === key);
  if (!entry) return undefined;
  const parsed = metadataSchema.safeParse(parseJson(entry.value));
  if (!parsed.success) {
    throw new VidstyleError(
      'model',
      'The model file describes itself in a form this version does not know.',
      {
        cause: parsed.error,
      },
    );
  }
  return parsed.data;
}

/** @throws VidstyleError `model` if the bytes are no ONNX file */
export function parseModel(bytes: Uint8Array): OnnxModel {
  try {
    const model = decodeModel(bytes);
    if (model.graph.node.length > 0) return model;
  } catch (cause) {
    throw new VidstyleError('model', 'The file is no ONNX model.', { cause });
  }
  throw new VidstyleError('model', 'The ONNX model holds no operators.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
