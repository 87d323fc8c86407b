import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the command line is interrupted, and what it runs in. */
export interface CliSurroundings {
  /** Default `SIGINT`. */
  readonly signal?: NodeJS.Signals;
  readonly env?: Readonly<Record<string, string>>;
  /** Waited for before the interruption. */
  readonly beforeInterruption?: (pid: number) => Promise<void>;
}

/** Runs the command line as a user's shell would; `interruptAfter` sends a signal when standard error matches. */
export async function runCli(
  arguments_: readonly string[],
  interruptAfter?: RegExp,
  { signal = 'SIGINT', env = {}, beforeInterruption }: CliSurroundings = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [join(packageRoot, 'build/src/cli/main.js'), ...arguments_], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    env: { ...process.env, ...env },
  });
  let [stdout, stderr] = ['', ''];
  let interruption: Promise<unknown> | undefined;
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (!interruptAfter?.test(stderr)) return;
    interruption ??= Promise.resolve(beforeInterruption?.(child.pid ?? 0)).finally(() => child.kill(signal));
    interruption.catch(() => undefined);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  await interruption;
  return { code, stdout, stderr };
}
