import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { moveDurably, writeDurably } from '../durable-file.js';
import { VidstyleError } from '../errors.js';
import { requireInside, stateFolder, type LocalCopy, type Store, type StoredFile } from './store.js';

/** A folder, of this machine or shared. */
export function openLocalStore(folder: string): LocalStore {
  return new LocalStore(resolve(folder));
}

/** A folder as a store. What lies behind symbolic links that lead out of it is not there. */
export class LocalStore implements Store {
  constructor(readonly location: string) {}

  get workFolder(): string {
    return this.location;
  }

  async *list(prefix = ''): AsyncGenerator<StoredFile> {
    const folder = prefix === '' ? this.location : await this.inside(prefix);
    const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
    for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith('.')) yield* this.list(path);
      else if (entry.isFile()) {
        const found = await stat(join(folder, entry.name)).catch(ignoreMissing);
        if (found) yield describe(path, found);
      } else if (entry.isSymbolicLink()) {
        const found = await this.stat(path).catch(() => undefined);
        if (found) yield found;
      }
    }
  }

  async stat(path: string): Promise<StoredFile | undefined> {
    const found = await stat(await this.inside(path)).catch(ignoreMissing);
    return found?.isFile() ? describe(path, found) : undefined;
  }

  async open(path: string): Promise<LocalCopy> {
    const local = await this.inside(path);
    if (!(await this.stat(path)))
      throw new VidstyleError('input', `There is no file "${path}" in ${this.location}.`);
    return { path: local, release: () => Promise.resolve() };
  }

  async temporary(path: string): Promise<string> {
    const folder = join(this.location, stateFolder, 'temporary');
    await mkdir(folder, { recursive: true });
    return join(folder, `${randomBytes(8).toString('hex')}${extname(path)}`);
  }

  async publish(localPath: string, path: string): Promise<StoredFile> {
    const target = await this.inside(path);
    await moveDurably(localPath, target);
    const found = await this.stat(path);
    if (!found) throw new VidstyleError('output', `"${target}" could not be written.`);
    return found;
  }

  async readText(path: string): Promise<string | undefined> {
    return (await readFile(await this.inside(path), 'utf8').catch(ignoreMissing)) ?? undefined;
  }

  async writeText(path: string, text: string): Promise<void> {
    const target = await this.inside(path);
    // Other machines may write the same file at this moment.
    const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
    await writeDurably(target, text, beside);
  }

  async createText(path: string, text: string): Promise<boolean> {
    const target = await this.inside(path);
    await mkdir(dirname(target), { recursive: true });
    try {
      await writeFile(target, text, { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await rm(await this.inside(path), { recursive: true, force: true });
  }

  freeBytes(): Promise<number> {
    return freeBytesAt(this.location);
  }

  close(): void {
    // Nothing is held open.
  }

  /** The absolute path, with every link on the way followed as far as it exists. */
  private async inside(path: string): Promise<string> {
    const wanted = join(this.location, requireInside(path));
    const root = await realpath(this.location).catch(() => this.location);
    const nearest = await nearestFolder(wanted);
    const real = join(await realpath(nearest), relative(nearest, wanted));
    const atRoot = !isBelow(nearest, this.location) && nearest !== this.location;
    if (atRoot || isBelow(real, root)) return wanted;
    throw new VidstyleError('usage', `"${path}" leads out of ${this.location}.`);
  }
}

/** Room on the disk of a folder, which need not be there yet. */
export async function freeBytesAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(await nearestFolder(folder));
  return bavail * bsize;
}

function describe(path: string, { size: bytes, mtimeMs: modifiedMs }: Stats): StoredFile {
  return { path, bytes, modifiedMs, stamp: `${bytes}-${modifiedMs}` };
}

/** The path itself if it exists, else the nearest folder above that does. */
async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if ((await stat(at).catch(() => undefined)) || at === dirname(at)) return at;
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function ignoreMissing(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
