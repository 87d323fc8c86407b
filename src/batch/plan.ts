import { extname } from 'node:path';
import picomatch from 'picomatch';
import { VidstyleError } from '../errors.js';
import { writtenEnding } from '../jobs/output-name.js';
import type { Store, StoredFile } from './store.js';

/** In which order files are done. */
export type Order = 'name' | 'smallest' | 'largest' | 'oldest' | 'newest';

/** One file of the archive. */
export interface PlannedFile extends StoredFile {
  /** Where its result goes, below the folder of results. */
  readonly output: string;
}

/** What to take of an archive. */
export interface PlanOptions {
  /** A glob pattern that a path must match: `**` for any depth. */
  readonly pattern?: string | undefined;
  /** Glob patterns, of which a path must match one as well. */
  readonly filter?: readonly string[] | undefined;
  /** So many files at most. */
  readonly limit?: number | undefined;
  readonly order?: Order | undefined;
  /** Folders of results that lie inside the archive. */
  readonly leaveOut?: readonly string[] | undefined;
}

/**
 * Lists the archive's videos and pictures with the places of their results: the same tree, and the same names unless a format is
 * read but not written.
 *
 * @throws VidstyleError `usage` where two sources would have one result
 */
export async function planFiles(source: Store, options: PlanOptions = {}): Promise<PlannedFile[]> {
  const { pattern, filter, limit = Infinity, order = 'name', leaveOut = [] } = options;
  const matchers = [pattern, filter && [...filter]].flatMap((glob) => (glob ? [picomatch(glob)] : []));
  const files: PlannedFile[] = [];
  for await (const file of source.list()) {
    if (!mediaEndings.test(file.path) || leaveOut.some((folder) => file.path.startsWith(`${folder}/`)))
      continue;
    if (!matchers.every((matches) => matches(file.path))) continue;
    files.push({ ...file, output: outputOf(file.path) });
  }
  files.sort(orders[order]);
  const chosen = files.slice(0, limit);
  refuseSharedOutputs(chosen);
  return chosen;
}

const mediaEndings =
  /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|mpg|mpeg|flv|wmv|ogv|3gp|mxf|gif|rm|rmvb|jpe?g|png|webp|tiff?|avif)$/i;

const byName = (a: StoredFile, b: StoredFile): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

const orders: Readonly<Record<Order, (a: StoredFile, b: StoredFile) => number>> = {
  name: byName,
  smallest: (a, b) => a.bytes - b.bytes || byName(a, b),
  largest: (a, b) => b.bytes - a.bytes || byName(a, b),
  oldest: (a, b) => a.modifiedMs - b.modifiedMs || byName(a, b),
  newest: (a, b) => b.modifiedMs - a.modifiedMs || byName(a, b),
};

/** `a.wmv` becomes `a.wmv.mkv`, since there may be an `a.mkv`. */
function outputOf(path: string): string {
  const ending = extname(path);
  const written = writtenEnding(ending);
  return written === ending ? path : `${path}${written}`;
}

function refuseSharedOutputs(files: readonly PlannedFile[]): void {
  const sources = new Map<string, string>();
  for (const { path, output } of files) {
    const other = sources.get(output);
    if (other !== undefined) throw new VidstyleError('usage', `"${other}" and "${path}" would both become "${output}".`); // prettier-ignore
    sources.set(output, path);
  }
}
