import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../paths.js';

const fileName = 'measured.json';
/** More is not kept: the oldest goes. */
const limit = 500;

/** A key for what was measured on this machine; any difference in `facts` makes another key. */
export function machineKey(facts: Readonly<Record<string, unknown>>): string {
  const [processor] = cpus();
  const machine = [platform(), arch(), processor?.model, availableParallelism()];
  return createHash('sha256')
    .update(JSON.stringify([machine, facts]))
    .digest('hex')
    .slice(0, 32);
}

/** The digest of a model's bytes, for keys. */
export function modelDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What was kept under a key in the user's cache folder; `undefined` where nothing was, or the file is damaged. */
export async function recall(key: string, folder: string = cacheFolder()): Promise<string | undefined> {
  return (await readAll(folder))[key];
}

/** Keeps a word under a key. A folder that cannot be written is no error: it is measured again. */
export async function remember(key: string, word: string, folder: string = cacheFolder()): Promise<void> {
  try {
    const entries = Object.entries(await readAll(folder)).filter((entry) => entry[0] !== key);
    const kept = Object.fromEntries([...entries, [key, word] as const].slice(-limit));
    await mkdir(folder, { recursive: true });
    const partial = join(folder, `${fileName}.${process.pid}.${Math.random().toString(36).slice(2)}`);
    await writeFile(partial, JSON.stringify(kept));
    await rename(partial, join(folder, fileName));
  } catch {
    return;
  }
}

async function readAll(folder: string): Promise<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, fileName), 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {}; // not there yet
  }
}
