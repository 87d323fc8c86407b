import { join } from 'node:path';
import { packageRoot } from '../../paths.js';
import { measureJob, type JobOrder } from '../measured-job.js';
import type { PeerCost, PeerWork } from './peer.js';
import type { Scratch } from './scratch.js';

/** Where the Python programs lie that run peers. */
export const scripts = join(packageRoot, 'peers');

/** What a job took, as `measure.py` prints it too. */
interface Measured {
  readonly seconds: number;
  readonly largestBytes: number;
}

type WholeJobs = Required<Pick<PeerCost, 'framesPerSecond' | 'largestBytes'>>;

/**
 * Whole jobs of another program, each in a process of its own, by the clock that counts for all: from the process's start to its
 * end.
 *
 * @throws VidstyleError `setup` with the program's last words if it fails
 */
export function timeJobs(
  command: readonly string[],
  work: PeerWork,
  scratch: Scratch,
  env: Readonly<Record<string, string>> = {},
): Promise<WholeJobs> {
  return repeat(work, () => scratch.run('python3', [join(scripts, 'measure.py'), ...command], env));
}

/** The same of vidstyle. @throws VidstyleError `engine` with the job's own sentence if it fails; `aborted` */
export function timeOwnJobs(order: JobOrder, work: PeerWork): Promise<WholeJobs> {
  return repeat(work, async () => {
    const startedMs = performance.now();
    const { largestBytes } = await measureJob(order, work.signal);
    return { seconds: (performance.now() - startedMs) / 1000, largestBytes };
  });
}

async function repeat({ count, jobRounds }: PeerWork, job: () => Promise<Measured>): Promise<WholeJobs> {
  const jobs: Measured[] = [];
  for (let round = 0; round < jobRounds; round += 1) jobs.push(await job());
  return {
    framesPerSecond: jobs.map(({ seconds }) => count / seconds),
    largestBytes: Math.max(...jobs.map(({ largestBytes }) => largestBytes)),
  };
}
