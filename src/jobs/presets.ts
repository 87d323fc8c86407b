import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, VidstyleError } from '../errors.js';
import { identityStyle, readMetadata, type ModelMetadata } from '../nets/metadata.js';
import { presetsFolder } from '../paths.js';

/** One trained network that ships with vidstyle or lies in a folder of the user's. */
export interface Preset {
  readonly path: string;
  readonly metadata: ModelMetadata;
}

/** One style by the name that users say. */
export interface PresetStyle {
  readonly name: string;
  readonly preset: Preset;
}

/**
 * Reads what the presets say about themselves.
 * @throws VidstyleError `model` for a damaged preset
 */
export async function loadPresets(folder: string = presetsFolder): Promise<Preset[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.onnx')).sort();
  const presets = await Promise.all(names.map((name) => readPreset(join(folder, name))));
  return presets.filter((preset) => preset !== undefined);
}

/**
 * Reads one model file's description; undefined for a model that vidstyle did not train.
 * @throws VidstyleError `model` if the file cannot be read or is no ONNX model
 */
export async function readPreset(path: string): Promise<Preset | undefined> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new VidstyleError('model', `The model "${path}" cannot be read.`, { cause });
  });
  try {
    const metadata = readMetadata(bytes);
    return metadata && { path, metadata };
  } catch (cause) {
    throw new VidstyleError('model', `"${path}" cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** The styles of all presets: the rows of conditional networks, and the file names of networks of one style. */
export function stylesOf(presets: readonly Preset[]): PresetStyle[] {
  return presets
    .filter(({ metadata }) => metadata.kind === 'style')
    .flatMap((preset) => {
      const rows = preset.metadata.styles.filter((name) => name !== identityStyle);
      const own = basename(preset.path, '.onnx');
      return (rows.length > 1 ? rows : [own]).map((name) => ({ name, preset }));
    });
}
