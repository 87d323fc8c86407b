import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import { stateFolder } from './local-store.js';

/**
 * Makes sure that one local batch alone works on a folder of results; returns what gives the folder free again. A batch that was
 * killed leaves its lock behind, which counts as long as its process lives.
 *
 * @throws VidstyleError `usage` while another one is at work
 */
export async function lockFolder(out: string): Promise<() => Promise<void>> {
  const path = join(out, stateFolder, 'lock');
  await mkdir(join(out, stateFolder), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  for (;;) {
    const taken = await writeFile(path, mine, { flag: 'wx' }).then(() => true, () => false); // prettier-ignore
    if (taken) return () => rm(path, { force: true });
    const other = await readFile(path, 'utf8').catch(() => '');
    if (await isAlive(other)) throw atWork(out, other);
    await rm(path, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

/** A process of another machine cannot be looked at and counts as alive. */
async function isAlive(text: string): Promise<boolean> {
  const holder = parse(text);
  if (!holder) return false;
  return holder.host !== hostname() || (await startOf(holder.pid)) === holder.started;
}

function atWork(out: string, text: string): VidstyleError {
  const { pid = 0, host = '' } = parse(text) ?? {};
  return new VidstyleError(
    'usage',
    `A batch is at work on "${out}" already (process ${pid} on ${host}). If that machine is gone, remove ${stateFolder}/lock there.`,
  );
}

function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

/** What tells a process from a later one of the same number; empty for one that is not there. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
  if (process.platform === 'linux') return '';
  try {
    process.kill(pid, 0);
    return 'running';
  } catch {
    return '';
  }
}
