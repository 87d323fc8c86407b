import { buildNetwork } from '../nets/families.js';
import type { NetworkSpec } from '../nets/metadata.js';
import { toOnnx } from '../nets/onnx.js';
import type { Weights } from '../nets/weights.js';
import { packageVersion } from '../paths.js';
import { readCheckpoint, withPrefix, writeTrained } from './checkpoint.js';
import { untilTimeIsUp } from './schedule.js';

export interface PresetDescription {
  readonly kind: 'style' | 'sr';
  readonly name: string;
  readonly network: NetworkSpec;
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly losses: Readonly<Record<string, unknown>>;
}

/** Writes trained weights as a model file that says what made it. */
export async function exportPreset(
  path: string,
  weights: Weights,
  description: PresetDescription,
): Promise<void> {
  await writeTrained(path, encodePreset(weights, description));
}

/** Trained weights as the bytes of a model file that says what made it. */
export function encodePreset(weights: Weights, description: PresetDescription): Uint8Array {
  const { kind, name, network: spec, recipe, losses } = description;
  const network = buildNetwork(spec);
  return toOnnx(network, weights, {
    kind,
    name,
    version: 1,
    producer: `vidstyle ${packageVersion}`,
    network: spec,
    styles: [...network.styles],
    scale: network.scale,
    minimumSize: smallestSide,
    recipe: withKnownSteps(recipe),
    losses: { ...losses },
    licence: 'MIT',
  });
}

/** A training whose length was a time has the steps that were done in it. */
function withKnownSteps(recipe: PresetDescription['recipe']): Record<string, unknown> {
  const { steps, step } = recipe;
  return { ...recipe, steps: steps === untilTimeIsUp ? step : steps };
}

/** Reflection padding of the deepest layers must not exceed what is there. Pixels. */
const smallestSide = 32;

/**
 * Makes a model file of a checkpoint: of a training that is still under way, or one that was stopped.
 * @throws VidstyleError `training` if there is no checkpoint
 */
export async function exportCheckpoint(checkpoint: string, path: string, name: string): Promise<void> {
  const { head, arrays } = await readCheckpoint(checkpoint);
  const averaging = Number(head.recipe['averaging'] ?? 0);
  const weights = withPrefix(arrays, averaging > 0 ? 'e/' : 'w/');
  const { network, step } = head;
  const kind = buildNetwork(network).scale > 1 ? 'sr' : 'style';
  await exportPreset(path, weights, {
    kind,
    name,
    network,
    recipe: { ...head.recipe, step },
    losses: head.losses,
  });
}
