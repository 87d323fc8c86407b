import { basename } from 'node:path';
import { VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';

/** @throws VidstyleError `setup` if the file's SHA-256 is none of `expected` */
export async function verifySha256(file: string, expected: string): Promise<void> {
  const found = await fileDigest(file);
  if (found === expected) return;
  throw new VidstyleError(
    'setup',
    `${basename(file)} is not the file it should be (SHA-256 ${found}, expected ${expected}); it was not used.`,
  );
}
