import { spawn } from 'node:child_process';
import { abortedError, VidstyleError } from '../errors.js';

/** How to run a program. */
export interface CommandOptions {
  /** The folder to run it in; default this process's. */
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. */
export interface CommandResult {
  /** Exit code; `undefined` if there is no such program, -1 if a signal ended it. */
  readonly code: number | undefined;
  /** Standard output. */
  readonly output: string;
  /** The last lines of standard output and error together, for a message. */
  readonly tail: string;
}

/** Runs a program to its end. Resolves whatever its exit code. @throws VidstyleError `aborted` */
export type CommandRunner = (
  program: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

const tailCharacters = 2000;

/** A {@link CommandRunner} of child processes. */
export const runCommand: CommandRunner = async (program, args, { cwd, env, signal } = {}) => {
  if (signal?.aborted) throw abortedError(signal);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: needsShell(program),
      windowsHide: true,
    });
    let output = '';
    let tail = '';
    const keepTail = (text: string): void => {
      tail = (tail + text).slice(-tailCharacters);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      keepTail(text);
    });
    child.stderr.setEncoding('utf8').on('data', keepTail);
    const abort = (): void => {
      child.kill();
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.once('error', (cause: NodeJS.ErrnoException) => {
      signal?.removeEventListener('abort', abort);
      if (cause.code === 'ENOENT') resolve({ code: undefined, output, tail });
      else
        reject(new VidstyleError('setup', `"${program}" could not be started: ${cause.message}.`, { cause }));
    });
    child.once('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(abortedError(signal));
      else resolve({ code: code ?? -1, output, tail: tail.trim() });
    });
  });
};

/** npm is a batch file on Windows, which only a shell starts. */
function needsShell(program: string): boolean {
  return process.platform === 'win32' && program === 'npm';
}
