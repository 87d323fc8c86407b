import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Written last into a folder: which files belong to it and how long they are. */
const recordName = '.vidstyle.json';

interface InstallRecord {
  readonly source: string;
  readonly files: Readonly<Record<string, number>>;
}

/**
 * Fills a folder beside its place and then moves it there, so that it is there whole or not at all; an older one is
 * replaced.
 *
 * @param source what it was made from; {@link isInstalled} tells whether it is still this.
 * @param fill writes into the folder it is given and returns the files written, relative to it.
 */
export async function installFolder(
  folder: string,
  source: string,
  fill: (staging: string) => Promise<readonly string[]>,
): Promise<void> {
  const staging = `${folder}.partial`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    const files: Record<string, number> = {};
    for (const file of await fill(staging)) files[file] = (await stat(join(staging, file))).size;
    const record: InstallRecord = { source, files };
    await writeFile(join(staging, recordName), JSON.stringify(record));
    await mkdir(dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Whether the folder was made from `source` and every file is still there at its length. */
export async function isInstalled(folder: string, source: string): Promise<boolean> {
  const record = await readRecord(folder);
  if (record?.source !== source) return false;
  const sizes = await Promise.all(Object.keys(record.files).map(async (file) => sizeOf(join(folder, file))));
  return Object.values(record.files).every((size, i) => size === sizes[i]);
}

async function readRecord(folder: string): Promise<InstallRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, recordName), 'utf8')) as InstallRecord;
  } catch {
    return undefined; // no record, or one that a crash cut short: not installed
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
