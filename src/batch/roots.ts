import { realpath } from 'node:fs/promises';
import { isAbsolute, resolve, sep } from 'node:path';
import { VidstyleError } from '../errors.js';
import type { Task } from './task.js';

/**
 * Checks that a task's archive and results lie in the named folders, links followed.
 * @throws VidstyleError `usage`, with the detail `refused`, where they do not
 */
export async function requireRoots(
  task: Pick<Task, 'source' | 'out'>,
  roots: readonly string[],
): Promise<void> {
  const allowed = await Promise.all(roots.map((root) => realOf(resolve(root))));
  for (const location of [task.source, task.out]) {
    const real = isAbsolute(location) ? await realOf(resolve(location)) : '';
    if (allowed.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)))
      continue;
    throw new VidstyleError('usage', `${JSON.stringify(location)} lies outside the folders of this worker.`, {
      details: { refused: true },
    });
  }
}

/** A folder that is not there yet is as real as the one above it. */
async function realOf(path: string): Promise<string> {
  const parent = resolve(path, '..');
  const found = await realpath(path).catch(() => undefined);
  if (found !== undefined || parent === path) return found ?? path;
  return resolve(await realOf(parent), path.slice(parent.endsWith(sep) ? parent.length : parent.length + 1));
}
