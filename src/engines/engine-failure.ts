import { messageOf, VidstyleError } from '../errors.js';

const memoryRefused =
  /bad_alloc|out of memory|failed to allocate|allocation fail|OUT_?OF_?MEMORY|not enough memory/i;

/** The error for what a native engine could not do: 'memory' where the reason is that, else 'engine'. */
export function engineFailure(what: string, reason: string, cause?: unknown): VidstyleError {
  const code = memoryRefused.test(`${reason} ${messageOf(cause)}`) ? 'memory' : 'engine';
  return new VidstyleError(code, `${what}: ${reason}`, { cause });
}
