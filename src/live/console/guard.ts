import * as http from '../../http/guard.js';
import type { ConsoleOptions } from './options.js';

const name = 'console';

/**
 * Who may talk to the console.
 * @throws VidstyleError `usage` for an address beyond loopback without a token
 */
export function createGuard({ host = '127.0.0.1', token }: ConsoleOptions) {
  return http.createGuard({ name, host, token });
}

/** A cookie that lets the page's own requests through after it was opened with the token. */
export function tokenCookie(token: string): string {
  return http.tokenCookie(name, token);
}
