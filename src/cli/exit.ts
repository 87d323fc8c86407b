import { CommanderError } from 'commander';
import { inspect } from 'node:util';
import { isVidstyleError, messageOf } from '../errors.js';

/** 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!isVidstyleError(error)) return 1;
  return { usage: 2, aborted: 130 }[error.code as 'usage'] ?? 1;
}

/** One sentence for the user; everything that is known with `debug`. */
export function explain(error: unknown, debug: boolean): string {
  if (error instanceof CommanderError) return ''; // commander has said it
  if (debug) return inspect(error);
  return `vidstyle: ${messageOf(error)}`;
}
