import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { VidstyleError } from '../errors.js';
import { identityStyle } from '../nets/metadata.js';
import { loadPresets, readPreset, stylesOf, type Preset } from './presets.js';

/** A network and how to mix its styles. */
export interface StyleChoice {
  /** Path of the model file. */
  readonly model: string;
  /** Weights of the network's styles, sum 1; undefined where it has one style for good. */
  readonly weights: readonly number[] | undefined;
  /** How much of the network's result shows over the input, 0..1. */
  readonly pixelStrength: number;
  /** Short name for file names: `mosaic`, `mosaic+wave`. */
  readonly label: string;
}

/**
 * Understands `--style`: a preset's style, a blend `mosaic:0.7,wave:0.3` of styles of one network, a model file, or
 * styles of a model file `mine.onnx:harbour`.
 *
 * @param strength 1 the style, 0 the photo; a network that knows the identity blends towards it, and pixels only below
 *   one half; others blend pixels
 * @throws VidstyleError `usage` for an unknown style (naming the nearest), weights that are none, or styles of
 *   different networks; `model` for a file that is no model
 */
export async function chooseStyle(text: string, strength = 1, presetsFolder?: string): Promise<StyleChoice> {
  const file = /^(.+?\.onnx)(?::(.+))?$/i.exec(text);
  if (file?.[1] !== undefined) return chooseFromFile(file[1], file[2], strength);
  const parts = parseBlend(text);
  const known = stylesOf(await loadPresets(presetsFolder));
  const found = parts.map(({ name, weight }) => {
    const style = known.find((candidate) => candidate.name === name);
    if (!style) throw unknownStyle(name, known.map((candidate) => candidate.name)); // prettier-ignore
    return { ...style, weight };
  });
  const [first] = found;
  if (!first) throw new VidstyleError('usage', 'No style was named.');
  const stranger = found.find(({ preset }) => preset.path !== first.preset.path);
  if (stranger) {
    throw new VidstyleError(
      'usage',
      `"${first.name}" and "${stranger.name}" are of different networks and cannot be blended.`,
    );
  }
  return mix(first.preset, found, strength);
}

async function chooseFromFile(
  path: string,
  blend: string | undefined,
  strength: number,
): Promise<StyleChoice> {
  if (!existsSync(path)) throw new VidstyleError('usage', `There is no model file "${path}".`);
  const preset = await readPreset(path);
  if (preset?.metadata.kind === 'sr') {
    throw new VidstyleError('usage', `"${path}" enlarges pictures: use "vidstyle upscale --model".`);
  }
  const rows = preset?.metadata.styles.filter((name) => name !== identityStyle) ?? [];
  if (!preset || rows.length === 0) {
    if (blend !== undefined) throw new VidstyleError('usage', `"${path}" has no styles to choose from.`);
    return { model: path, weights: undefined, pixelStrength: strength, label: basename(path, '.onnx') };
  }
  if (blend === undefined && rows.length > 1) {
    throw new VidstyleError(
      'usage',
      `"${path}" holds several styles: add one, as in "${path}:${rows[0] ?? ''}". It has ${rows.join(', ')}.`,
    );
  }
  const parts = blend === undefined ? [{ name: rows[0] ?? '', weight: 1 }] : parseBlend(blend);
  const unknown = parts.find(({ name }) => !rows.includes(name));
  if (unknown) throw unknownStyle(unknown.name, rows);
  return mix(preset, parts, strength);
}

function mix(preset: Preset, parts: readonly BlendPart[], strength: number): StyleChoice {
  const { styles } = preset.metadata;
  const label = parts.map(({ name }) => name).join('+');
  if (styles.length === 0) return { model: preset.path, weights: undefined, pixelStrength: strength, label };
  const identity = styles.indexOf(identityStyle);
  const blended = identity >= 0 ? strength : 1;
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  // A network of one style goes by its file's name, so its only row stands for whatever was said.
  const rowOf = (name: string): number => Math.max(0, styles.indexOf(name));
  const weights = styles.map((_, row) =>
    parts.reduce((sum, { name, weight }) => sum + (rowOf(name) === row ? (blended * weight) / total : 0), 0),
  );
  if (identity >= 0) weights[identity] = 1 - blended;
  const pixelStrength = identity >= 0 ? Math.min(1, strength / pixelsFrom) : strength;
  return { model: preset.path, weights, pixelStrength, label };
}

/**
 * Below this strength the photo itself is faded in: a network's identity is near the photo, not the photo, and strength 0 has to
 * give back what came in.
 */
const pixelsFrom = 0.5;

interface BlendPart {
  readonly name: string;
  readonly weight: number;
}

function parseBlend(text: string): BlendPart[] {
  return text.split(',').map((part) => {
    const [name = '', weightText] = part.trim().split(':');
    const weight = weightText === undefined ? 1 : Number(weightText);
    if (name === '' || !(weight > 0)) {
      throw new VidstyleError('usage', `"${part}" is no style with a weight: write a name, or name:0.7.`);
    }
    return { name, weight };
  });
}

function unknownStyle(name: string, known: readonly string[]): VidstyleError {
  if (/\.(jpe?g|png|webp|tiff?|avif)$/i.test(name)) {
    return new VidstyleError('usage', `There is no picture "${name}" to take the style of.`);
  }
  if (known.length === 0)
    return new VidstyleError('usage', `There is no style "${name}": no presets are installed.`);
  const distances = known.map((candidate) => ({
    candidate,
    distance: editDistance(name.toLowerCase(), candidate),
  }));
  const [nearest] = distances.sort((a, b) => a.distance - b.distance);
  const guess =
    nearest && nearest.distance <= Math.max(2, name.length / 2)
      ? ` Did you mean "${nearest.candidate}"?`
      : '';
  return new VidstyleError('usage', `There is no style "${name}".${guess} Known are ${known.join(', ')}.`);
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
