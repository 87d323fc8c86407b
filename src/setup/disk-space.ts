import { mkdir, statfs } from 'node:fs/promises';
import { VidstyleError } from '../errors.js';

/**
 * Makes sure of room before a long download.
 * @throws VidstyleError `setup` if the folder cannot be made or its disk has fewer free bytes
 */
export async function requireDiskSpace(folder: string, bytes: number, purpose: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new VidstyleError('setup', `The folder ${folder} cannot be made.`, { cause });
  });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new VidstyleError(
    'setup',
    `${purpose} needs ${megabytes(bytes)} in ${folder}, which has ${megabytes(free)} free.`,
  );
}

function megabytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1e6))} MB`;
}
