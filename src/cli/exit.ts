import { CommanderError } from 'commander';
import { inspect } from 'node:util';
import { isVidstyleError, messageOf, toErrorRecord } from '../errors.js';

/** 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!isVidstyleError(error)) return 1;
  if (error.code === 'usage') return 2;
  return error.code === 'aborted' ? 130 : 1;
}

/** One sentence for the user; everything that is known with `debug`. */
export function explain(error: unknown, debug: boolean): string {
  if (error instanceof CommanderError) return ''; // commander has said it
  if (debug) return inspect(error);
  return `vidstyle: ${messageOf(error)}`;
}

/** The report of `--json` where there is nothing to report but the error. */
export function errorReport(error: unknown): string {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return JSON.stringify({ error: { code: 'usage', message, details: {} } });
  }
  return JSON.stringify({ error: toErrorRecord(error, 'engine') });
}
