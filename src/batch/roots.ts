import { realpath } from 'node:fs/promises';
import { isAbsolute, resolve, sep } from 'node:path';
import { VidstyleError } from '../errors.js';
import { openStore } from './open-store.js';
import type { Task } from './task.js';

/**
 * Checks that a task's archive and results lie in the named places: folders, links followed, and prefixes in S3.
 * @throws VidstyleError `usage`, with the detail `refused`, where they do not
 */
export async function requireRoots(
  task: Pick<Task, 'source' | 'out'>,
  roots: readonly string[],
): Promise<void> {
  const allowed = (await Promise.all(roots.map(realPlace))).filter((root) => root !== '');
  for (const location of [task.source, task.out]) {
    const real = isRemote(location) || isAbsolute(location) ? await realPlace(location) : '';
    if (real !== '' && allowed.some((root) => real === root || real.startsWith(withEnd(root)))) continue;
    throw new VidstyleError('usage', `${JSON.stringify(location)} lies outside the folders of this worker.`, {
      details: { refused: true },
    });
  }
}

function isRemote(location: string): boolean {
  return location.startsWith('s3://');
}

/** A place as it is; empty for one that is none. */
async function realPlace(location: string): Promise<string> {
  if (!isRemote(location)) return realOf(resolve(location));
  try {
    return openStore(location).location;
  } catch {
    return '';
  }
}

function withEnd(root: string): string {
  const end = isRemote(root) ? '/' : sep;
  return root.endsWith(end) ? root : `${root}${end}`;
}

/** A folder that is not there yet is as real as the one above it. */
async function realOf(path: string): Promise<string> {
  const parent = resolve(path, '..');
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined || parent === path) return found ?? path;
  return resolve(await realOf(parent), path.slice(parent.endsWith(sep) ? parent.length : parent.length + 1));
}
