import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** What tells a process from all others, on this machine and elsewhere, now and later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
}

/** Whether a process is still there; one of another machine cannot be looked at and counts as alive. */
export async function isAlive({ pid, host, started }: ProcessIdentity): Promise<boolean> {
  return host !== hostname() || (await startOf(pid)) === started;
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
