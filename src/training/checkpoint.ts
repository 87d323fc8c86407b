import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeDurably } from '../durable-file.js';
import { messageOf, VidstyleError } from '../errors.js';
import { networkSpecSchema } from '../nets/metadata.js';
import { decodeSafetensors, encodeSafetensors } from '../nets/safetensors.js';
import type { WeightArray } from '../nets/weights.js';

const headSchema = z.object({
  version: z.literal(1),
  /** Steps done. */
  step: z.number().int().min(0),
  /** Halved each time the loss blew up. */
  rateFactor: z.number().positive(),
  network: networkSpecSchema,
  recipe: z.record(z.string(), z.unknown()),
  /** Running means of the losses at this step, by name. */
  losses: z.record(z.string(), z.number()),
});

/** What a training needs to go on exactly: every number of it, and the position. */
export type CheckpointHead = z.infer<typeof headSchema>;

export interface Checkpoint {
  readonly head: CheckpointHead;
  /** `w/…` parameters, `e/…` their moving averages, `m/…` and `v/…` Adam's moments. */
  readonly arrays: ReadonlyMap<string, WeightArray>;
}

/**
 * Writes a checkpoint so that a crash at any moment leaves either the old file or the new one.
 * @throws VidstyleError `training` if it cannot be written: no space, no right
 */
export async function writeCheckpoint(path: string, { head, arrays }: Checkpoint): Promise<void> {
  await writeTrained(path, encodeSafetensors(arrays, { vidstyle: JSON.stringify(head) }));
}

/** @throws VidstyleError `training` if there is no sound checkpoint at `path` */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const { weights, metadata } = decodeSafetensors(await readFile(path));
    return { head: headSchema.parse(JSON.parse(metadata['vidstyle'] ?? '')), arrays: weights };
  } catch (cause) {
    throw new VidstyleError(
      'training',
      `"${path}" is no checkpoint that can be resumed: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** Picks the arrays under a prefix, without it. */
export function withPrefix(arrays: Checkpoint['arrays'], prefix: string): Map<string, WeightArray> {
  return new Map(
    [...arrays]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]),
  );
}

/**
 * Writes a checkpoint's or a model's file, whole or not at all.
 * @throws VidstyleError `training` if it cannot be written: no space, no right
 */
export async function writeTrained(path: string, bytes: Uint8Array): Promise<void> {
  await writeDurably(path, bytes).catch((cause: unknown) => {
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
    const why = full ? 'the disk is full' : messageOf(cause);
    throw new VidstyleError('training', `"${path}" cannot be written: ${why}.`, { cause });
  });
}
