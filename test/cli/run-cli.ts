import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user's shell would; `interruptAfter` sends Ctrl-C when standard error matches. */
export async function runCli(arguments_: readonly string[], interruptAfter?: RegExp): Promise<CliResult> {
  const child = spawn(process.execPath, [join(packageRoot, 'build/src/cli/main.js'), ...arguments_], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let [stdout, stderr] = ['', ''];
  let interrupted = false;
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (interrupted || !interruptAfter?.test(stderr)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
