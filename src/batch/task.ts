import { z } from 'zod';
import { specSchema } from './spec.js';
import { requireInside } from './store.js';

const path = z
  .string()
  .max(4096)
  .refine((text) => {
    try {
      return requireInside(text) === text;
    } catch {
      return false;
    }
  }, 'must lie below the archive');

/** One thing to do, as it waits in a queue. */
export const taskSchema = z.strictObject({
  /** A file as a whole, or how to cut it; one of its segments; putting them together. */
  kind: z.enum(['file', 'segment', 'join']),
  batch: z.string().regex(/^[0-9a-f]{8,64}$/),
  /** Of vidstyle: segments of two versions need not fit together. */
  version: z.string().max(64),
  /** Where sources and results are: a folder, or `s3://bucket/prefix`. */
  source: z.string().max(4096),
  out: z.string().max(4096),
  path,
  output: path,
  spec: specSchema,
  /** Target length of the segments. */
  segmentSeconds: z.number().positive().max(86_400),
  segment: z.int().min(0).max(99_999).optional(),
});

/** See {@link taskSchema}. */
export type Task = z.infer<typeof taskSchema>;

/** How a task ended well. */
export type TaskResult =
  /** The file is done, or was. */
  | { readonly type: 'done'; readonly frames: number }
  /** The file is long: these segments of so many are missing, then the join. */
  | { readonly type: 'split'; readonly segments: number; readonly missing: readonly number[] }
  /** The segment is done, or was. */
  | { readonly type: 'segment'; readonly frames: number };

/** How far a task is. */
export interface TaskProgress {
  readonly framesDone: number;
  readonly framesTotal: number | undefined;
  readonly fps: number;
}

/** How this machine does its tasks; never told by a queue. */
export interface TaskSettings {
  readonly device?: string | undefined;
  readonly hwaccel?: string | undefined;
  /** Threads of each network. */
  readonly threads?: number | undefined;
  /** URL of a module that exports an `engine` of your own. */
  readonly engine?: string | undefined;
  /** Folder of presets; default those that ship with vidstyle. */
  readonly presets?: string | undefined;
}

export { packageVersion as version } from '../paths.js';
