import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { z } from 'zod';
import { VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';
import type { ProcessOptions } from '../jobs/options.js';
import { readPreset } from '../jobs/presets.js';
import type { RestyleOptions } from '../jobs/restyle.js';
import { chooseStyle } from '../jobs/style-choice.js';
import { planUpscale, type UpscaleOptions } from '../jobs/upscale.js';
import { sniffPicture } from '../media/index.js';
import { identityStyle } from '../nets/metadata.js';

const name = z.string().regex(/^[\w.+:-]{1,64}$/);
/** Encoder options that name no file: what comes from a queue must not make an encoder write where it likes. */
const harmlessEncoderOptions: ReadonlySet<string> = new Set(
  'b bf g keyint_min sc_threshold refs qmin qmax maxrate bufsize tune profile level threads aq-mode rc-lookahead deadline cpu-used row-mt tile-columns rc cq preset forced-idr strict flags'.split(' '), // prettier-ignore
);

const size = z.strictObject({ width: z.int().min(16).max(16384), height: z.int().min(16).max(16384) });

/** What is done to every file of a batch, in a form that may come from a queue: nothing in it names a file or a program. */
export const specSchema = z.strictObject({
  command: z.enum(['restyle', 'upscale']),
  /** The network, or the picture whose style is taken, by its SHA-256. */
  model: z.strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    ending: z.enum(['.onnx', '.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif']),
  }),
  /** Styles of the network: `mosaic:0.7,wave:0.3`. */
  blend: z.string().regex(/^[\w.,:+ -]{1,500}$/).optional(), // prettier-ignore
  strength: z.number().min(0).max(1).optional(),
  keepColors: z.boolean().optional(),
  scale: z.int().min(1).max(16).optional(),
  hints: z
    .strictObject({
      range: z.enum(['0..1', '0..255', '-1..1']).optional(),
      layout: z.enum(['nchw', 'nhwc']).optional(),
      tile: z.int().min(1).max(65536).optional(),
    })
    .optional(),
  size: size.optional(),
  codec: name.optional(),
  crf: z.number().min(0).max(63).optional(),
  preset: name.optional(),
  pixelFormat: name.optional(),
  encoderOptions: z.record(z.string().refine((option) => harmlessEncoderOptions.has(option), 'this encoder option is not for batches'), z.union([z.number(), z.string().regex(/^[\w.+:-]{1,64}$/)])).optional(), // prettier-ignore
  acceptTruncated: z.boolean().optional(),
  verify: z.boolean().optional(),
});

/** See {@link specSchema}. */
export type Spec = z.infer<typeof specSchema>;

/** What a batch can be asked to do to every file. */
export type BatchWork =
  | ({ readonly command: 'restyle' } & Pick<RestyleOptions, 'style' | 'strength' | 'keepColors'> & SharedWork)
  | ({ readonly command: 'upscale' } & Pick<UpscaleOptions, 'scale' | 'variant' | 'model'> & SharedWork);

/** What both kinds of work have in common. */
export type SharedWork = Pick<RestyleOptions, 'hints' | 'presets'> &
  Pick<ProcessOptions, 'size' | 'codec' | 'crf' | 'preset' | 'pixelFormat' | 'encoderOptions' | 'acceptTruncated' | 'verify'>; // prettier-ignore

/** A spec, and where its network lies on this machine. */
export interface ResolvedSpec {
  readonly spec: Spec;
  readonly modelPath: string;
}

/**
 * Finds the network that the work asks for and describes the work by its contents.
 * @throws VidstyleError `usage` for a style, model or option that there is not
 */
export async function resolveSpec(work: BatchWork): Promise<ResolvedSpec> {
  const { hints, size: frameSize, codec, crf, preset, pixelFormat, encoderOptions, acceptTruncated, verify } = work; // prettier-ignore
  const found = work.command === 'restyle' ? await styleOf(work) : await upscalerOf(work);
  const ending = extname(found.path).toLowerCase();
  const model = { sha256: await fileDigest(found.path), ending };
  const shared = { hints, size: frameSize, codec, crf, preset, pixelFormat, encoderOptions, acceptTruncated, verify }; // prettier-ignore
  const parsed = specSchema.safeParse(withoutUndefined({ command: work.command, model, ...found.own, ...shared })); // prettier-ignore
  if (parsed.success) return { spec: parsed.data, modelPath: found.path };
  const [issue] = parsed.error.issues;
  const [option, key] = issue?.path.map(String) ?? [];
  if (option === 'encoderOptions')
    throw new VidstyleError('usage', `A batch does not take the encoder option "${key ?? ''}".`);
  throw new VidstyleError('usage', `A batch does not take this ${option ?? ''}: ${issue?.message ?? ''}.`);
}

/** A digest of what is to be done: results of another spec are not the same results. */
export function specDigest(spec: Spec): string {
  const sorted = Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
}

interface FoundModel {
  readonly path: string;
  readonly own: object;
}

async function styleOf(work: Extract<BatchWork, { command: 'restyle' }>): Promise<FoundModel> {
  const { style, strength, keepColors, presets } = work;
  const own = { strength, keepColors };
  const isFile = (await stat(style).catch(() => undefined))?.isFile() === true;
  if (isFile && (await sniffPicture(style)) !== undefined) return { path: style, own };
  const { model } = await chooseStyle(style, strength, presets);
  const rows = (await readPreset(model))?.metadata.styles.filter((row) => row !== identityStyle) ?? [];
  const blend = /\.onnx:(.+)$/i.exec(style)?.[1] ?? style;
  return { path: model, own: { ...own, blend: rows.length > 1 ? blend : undefined } };
}

async function upscalerOf(work: Extract<BatchWork, { command: 'upscale' }>): Promise<FoundModel> {
  const { model } = await planUpscale(work);
  // A network of ours knows its scale.
  const scale = (await readPreset(model)) ? undefined : work.scale;
  return { path: model, own: { scale } };
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
