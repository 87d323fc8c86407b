import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { VidstyleError } from '../errors.js';
import type { ProcessOptions } from './options.js';

/**
 * Refuses to write where that would lose something.
 * @throws VidstyleError `usage` when output and input are one file, or the output is a folder or is there already
 */
export async function checkPaths(
  input: string,
  output: string,
  { overwrite }: Pick<ProcessOptions, 'overwrite'>,
): Promise<void> {
  const found = await stat(output).catch(() => undefined);
  if (!found) return;
  if (found.isDirectory()) throw new VidstyleError('usage', `"${output}" is a folder: name a file.`);
  const source = await stat(input).catch(() => undefined);
  const isSame = source?.ino === found.ino && source.dev === found.dev;
  if (isSame || resolve(input) === resolve(output)) {
    throw new VidstyleError('usage', 'Input and output are the same file.');
  }
  if (!overwrite && found.isFile()) {
    throw new VidstyleError('usage', `"${output}" exists already; add --overwrite to replace it.`);
  }
}
