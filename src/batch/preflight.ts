import { extname } from 'node:path';
import { rehearse } from '../jobs/rehearse.js';
import { restyle } from '../jobs/restyle.js';
import { upscale } from '../jobs/upscale.js';
import type { BatchOptions } from './batch.js';
import type { PlannedFile } from './plan.js';
import type { Store } from './store.js';

/** What a batch would take. */
export interface Forecast {
  /** The file whose first frames were tried; undefined where none could be. */
  readonly tried: string | undefined;
  /** For everything that is left, judged by that file's bytes; undefined where nothing could be tried. */
  readonly seconds: number | undefined;
  readonly bytes: number | undefined;
  readonly freeBytes: number | undefined;
  /** Whether the results find room; the segments of one file need their room twice for a moment. */
  readonly fits: boolean | undefined;
}

/** Tries the first frames of a file of middle size and reckons by the sources' bytes what all files take. */
export async function foresee(
  files: readonly PlannedFile[],
  source: Store,
  out: Store,
  { work, settings, jobs = 1 }: BatchOptions,
): Promise<Forecast> {
  const freeBytes = await out.freeBytes();
  const bySize = [...files].sort((a, b) => a.bytes - b.bytes);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const middle = Math.floor(bySize.length / 2);
  // Some file may be no video after all: a few neighbours are tried.
  for (const file of bySize.slice(middle, middle + 5)) {
    const copy = await source.open(file.path);
    const tried = await attempt(copy.path, file, { work, settings }).finally(() => copy.release());
    if (!tried) continue;
    const scale = total / Math.max(1, file.bytes);
    const bytes = Math.round(tried.bytes * scale);
    // Several processes share the cores of one machine: they fill its gaps, and no more.
    const seconds = (tried.seconds * scale) / (settings?.device === undefined ? 1 : Math.min(jobs, 2));
    return { tried: file.path, seconds, bytes, freeBytes, fits: freeBytes === undefined ? undefined : bytes < freeBytes }; // prettier-ignore
  }
  return { tried: undefined, seconds: undefined, bytes: undefined, freeBytes, fits: undefined };
}

async function attempt(
  input: string,
  file: PlannedFile,
  { work, settings }: Pick<BatchOptions, 'work' | 'settings'>,
): Promise<{ readonly seconds: number; readonly bytes: number } | undefined> {
  const { engine: _, presets, ...running } = settings ?? {};
  const options = { ...work, ...running, presets: work.presets ?? presets, verify: false };
  try {
    const { seconds, bytes } = await rehearse(input, extname(file.output), options, (output, duration) =>
      options.command === 'restyle'
        ? restyle(input, { ...options, output, duration })
        : upscale(input, { ...options, output, duration }),
    );
    return seconds === undefined || bytes === undefined ? undefined : { seconds, bytes };
  } catch {
    return undefined;
  }
}
