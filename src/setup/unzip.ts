import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Entry } from 'yauzl';
import { abortedError, messageOf, VidstyleError } from '../errors.js';

/** What to take out of an archive. */
export interface UnzipOptions {
  /** Where a member goes, relative to `folder`, with forward slashes; `undefined` leaves it out. */
  readonly target: (member: string) => string | undefined;
  /** Where members are written; made if absent. */
  readonly folder: string;
  /** More bytes than this in one member are refused. */
  readonly memberLimitBytes?: number;
  /** Ends the extraction. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Extracts members of a zip archive (a wheel is one) as streams. A file appears under its name only when it is
 * whole, so that what an interrupted run leaves behind is never taken for finished.
 *
 * @returns the files written, relative to `folder`.
 * @throws VidstyleError `setup` if the archive is broken or a member would land outside `folder`; `aborted`
 */
export async function unzip(archive: string, options: UnzipOptions): Promise<string[]> {
  const { folder, target, memberLimitBytes = 2 ** 31, signal } = options;
  const { openPromise } = await import('yauzl');
  const zip = await openPromise(archive).catch((cause: unknown) => {
    throw new VidstyleError('setup', `"${archive}" is no readable archive: ${messageOf(cause)}.`, { cause });
  });
  const written: string[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      if (signal?.aborted) throw abortedError(signal);
      const name = entry.fileName.endsWith('/') ? undefined : target(entry.fileName);
      if (name === undefined) continue;
      if (entry.uncompressedSize > memberLimitBytes) throw tooLarge(entry);
      await writeWhole(insideFolder(folder, name), await zip.openReadStreamPromise(entry), signal);
      written.push(name);
    }
  } catch (cause) {
    if (cause instanceof VidstyleError) throw cause;
    if (signal?.aborted) throw abortedError(signal);
    throw new VidstyleError('setup', `"${archive}" cannot be unpacked: ${messageOf(cause)}.`, { cause });
  } finally {
    zip.close();
  }
  return written;
}

async function writeWhole(
  file: string,
  from: NodeJS.ReadableStream,
  signal: AbortSignal | undefined,
): Promise<void> {
  const partial = `${file}.partial`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await pipeline(from, createWriteStream(partial), ...(signal ? [{ signal }] : []));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The reader refuses `..` in member names already; this also covers what `target` makes of them. */
function insideFolder(folder: string, name: string): string {
  const file = resolve(folder, name);
  const path = relative(folder, file);
  if (path === '' || path.startsWith('..') || isAbsolute(path)) {
    throw new VidstyleError(
      'setup',
      `The archive's "${name}" would be written outside its folder; it was refused.`,
    );
  }
  return file;
}

function tooLarge(entry: Entry): VidstyleError {
  return new VidstyleError(
    'setup',
    `The archive's "${entry.fileName}" is larger than expected; it was refused.`,
  );
}
