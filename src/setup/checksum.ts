import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { VidstyleError } from '../errors.js';

/** The file's digest in lower-case hexadecimal, read as a stream. */
export async function fileDigest(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** @throws VidstyleError `setup` if the file's SHA-256 is none of `expected` */
export async function verifySha256(file: string, expected: string): Promise<void> {
  const found = await fileDigest(file, 'sha256');
  if (found === expected) return;
  throw new VidstyleError(
    'setup',
    `${basename(file)} is not the file it should be (SHA-256 ${found}, expected ${expected}); it was not used.`,
  );
}
