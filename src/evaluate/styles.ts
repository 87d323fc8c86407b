import { access, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadEngine, engineModule } from '../engines/registry.js';
import type { EngineName } from '../engines/engine.js';
import { VidstyleError } from '../errors.js';
import { loadPresets, readPreset, stylesOf, type Preset } from '../jobs/presets.js';
import { styleObjectiveDefaults, type StyleObjectiveWeights } from '../losses/objective.js';
import { styleName } from '../training/style-trainer.js';
import type { Pixels } from '../training/photos.js';

/** A style of a network, with what it was trained on: what most parts of the report measure. */
export interface EvaluatedStyle {
  /** The style's name; the network's too where several have a style of that name. */
  readonly label: string;
  /** As `vidstyle --style` takes it. */
  readonly choice: string;
  /** Path of the model file. */
  readonly model: string;
  /** Weights of the network's styles; undefined where it has one style for good. */
  readonly weights: readonly number[] | undefined;
  /** The style picture. */
  readonly picture: string;
  /** Long side to which the picture was scaled in training. */
  readonly pictureSize: number;
  /** Weights of the objective that the network was trained on. */
  readonly objective: StyleObjectiveWeights;
  /** Side of the training's photographs, where the model says. */
  readonly trainedAt: number | undefined;
}

/** Which styles to evaluate. */
export interface WantedStyles {
  /** Model files; default the presets. */
  readonly models?: readonly string[] | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presets?: string | undefined;
  /** Names, in the order wanted; default all whose pictures are there. */
  readonly names?: readonly string[] | undefined;
}

/**
 * The styles of networks whose pictures lie in `folder`: `mosaic.jpg` is that of `mosaic`, and of `mosaic-hq` where there is none
 * of that name.
 *
 * @throws VidstyleError `model` for a file that is no style network of ours; `input` where a style or its picture is missing
 */
export async function findStyles(folder: string, wanted: WantedStyles): Promise<EvaluatedStyle[]> {
  const { models, presets, names } = wanted;
  const known = stylesOf(models ? await Promise.all(models.map(requirePreset)) : await loadPresets(presets));
  const pictures = await picturesIn(folder);
  const unknown = names?.find((name) => !known.some((style) => style.name === name));
  if (unknown !== undefined) {
    const there = known.map(({ name }) => name).join(', ');
    throw new VidstyleError('input', `There is no style "${unknown}" to evaluate; there are ${there}.`);
  }
  const chosen = names ?? [...new Set(known.map(({ name }) => name))];
  const found = chosen.flatMap((name) => {
    const picture = pictureOf(name, pictures);
    if (picture === undefined && names)
      throw new VidstyleError('input', `There is no picture of the style "${name}" in "${folder}".`);
    const networks = known.filter((style) => style.name === name);
    return picture === undefined
      ? []
      : networks.map(({ preset }) => describe(name, preset, picture, networks.length > 1));
  });
  if (found.length > 0) return found;
  throw new VidstyleError('input', `None of the styles has its picture in "${folder}" (such as mosaic.jpg).`);
}

/** A network that is open for pictures of one size. */
export interface OpenStyle {
  readonly description: string;
  run(picture: Pixels): Promise<Pixels>;
  close(): Promise<void>;
}

/** Opens a style's network for pictures of one size. */
export async function openStyle(
  {
    model,
    weights,
  }: { readonly model: string | Uint8Array; readonly weights?: readonly number[] | undefined },
  { width, height }: { readonly width: number; readonly height: number },
  { engine = 'onnxruntime', threads }: { engine?: EngineName | undefined; threads?: number | undefined } = {},
): Promise<OpenStyle> {
  const loaded = await loadEngine(engineModule(engine));
  const session = await loaded.open({
    model,
    geometry: { width, height, format: 'rgb8' },
    ...(weights && { style: weights }),
    ...(threads !== undefined && { threads }),
  });
  return {
    description: session.description,
    run: async ({ data }) => {
      const result = new Uint8Array(data.length);
      await session.run(data, result);
      return { width, height, data: result };
    },
    close: () => session.close(),
  };
}

function describe(
  name: string,
  { path, metadata }: Preset,
  picture: string,
  several: boolean,
): EvaluatedStyle {
  const { styles, recipe } = metadata;
  const number = (key: string): number | undefined => {
    const value = recipe[key];
    return typeof value === 'number' ? value : undefined;
  };
  return {
    label: several ? `${name} (${basename(path, '.onnx')})` : name,
    choice: styles.length > 0 ? `${path}:${name}` : path,
    model: path,
    weights: styles.length > 0 ? styles.map((each) => (each === name ? 1 : 0)) : undefined,
    picture,
    pictureSize: number('stylePictureSize') ?? 384,
    objective: {
      ...styleObjectiveDefaults,
      ...(recipe['objective'] as Partial<StyleObjectiveWeights> | undefined),
    },
    trainedAt: number('size'),
  };
}

async function requirePreset(path: string): Promise<Preset> {
  await access(path).catch((cause: unknown) => {
    throw new VidstyleError('model', `The model "${path}" cannot be read.`, { cause });
  });
  const preset = await readPreset(path);
  if (preset?.metadata.kind === 'style') return preset;
  throw new VidstyleError('model', `"${path}" is no style network that vidstyle trained.`);
}

async function picturesIn(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder).catch((): string[] => []);
  return new Map(files.map((file) => [styleName(file), join(folder, file)]));
}

/** The picture of the style's name, or of its name up to a hyphen. */
function pictureOf(name: string, pictures: ReadonlyMap<string, string>): string | undefined {
  for (let end = name.length; end > 0; end = name.lastIndexOf('-', end - 1)) {
    const picture = pictures.get(name.slice(0, end));
    if (picture !== undefined) return picture;
  }
  return undefined;
}
