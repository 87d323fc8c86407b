import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { isAlive, ownIdentity } from './process-identity.js';

let own: Promise<string> | undefined;

/** Where files of remote stores lie on this machine while they are worked on: in a folder for each process. */
export function scratchRoot(): string {
  return join(tmpdir(), 'vidstyle-scratch');
}

/** A new name on this machine, with the ending of `path`; the file goes with the process at the latest. */
export async function scratchFile(path: string): Promise<string> {
  return join(await (own ??= makeFolder()), `${randomBytes(8).toString('hex')}${extname(path)}`);
}

/** Removes what processes that were killed have left behind. */
export async function sweepScratch(): Promise<void> {
  const root = scratchRoot();
  for (const name of await readdir(root).catch(() => [])) {
    const [host = '', pid, started = ''] = name.split(separator);
    const isTheirs = await isAlive({ host, pid: Number(pid), started });
    if (!isTheirs) await rm(join(root, name), { recursive: true, force: true });
  }
}

// Occurs in no host's name.
const separator = '~';

async function makeFolder(): Promise<string> {
  await sweepScratch();
  const { host, pid, started } = await ownIdentity();
  const folder = join(scratchRoot(), [host, pid, started].join(separator));
  await mkdir(folder, { recursive: true });
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
