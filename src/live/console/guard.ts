import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VidstyleError } from '../../errors.js';
import { isLoopback } from '../addresses.js';
import type { ConsoleOptions } from './options.js';

/**
 * Who may talk to the console. Pages of other origins may not (Origin), nor names that were pointed at this machine (Host):
 * without that, any page in the user's browser could switch the stream. Beyond loopback a token is asked for as well.
 *
 * @throws VidstyleError `usage` for an address beyond loopback without a token
 */
export function createGuard({ host = '127.0.0.1', token }: ConsoleOptions) {
  const isOpen = !isLoopback(host);
  if (isOpen && (token === undefined || token.length < shortestToken)) {
    throw new VidstyleError(
      'usage',
      `The console at ${host} can be reached by others: give it a token of ${shortestToken} characters or more.`,
    );
  }
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { host: named = '', origin } = request.headers;
    if (!isExpectedHost(named, host, isOpen)) return refuse(reply, 403, 'Another host was meant.');
    if (origin !== undefined && origin !== `http://${named}`)
      return refuse(reply, 403, 'Pages of other origins may not talk to the console.');
    if (token !== undefined && !isEqual(tokenOf(request), token))
      return refuse(reply, 401, 'Give the token: /?token=… or "Authorization: Bearer …".');
  };
}

const shortestToken = 16;
const cookieName = 'vidstyle_console';

/** A cookie that lets the page's own requests through after it was opened with the token. */
export function tokenCookie(token: string): string {
  return `${cookieName}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`;
}

/** The token that a request presents: as bearer, in the address, or in the page's cookie. */
function tokenOf({ headers, query }: FastifyRequest): string {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  const asked = (query as { token?: unknown }).token;
  const cookie = new RegExp(`(?:^|; )${cookieName}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
  return bearer ?? (typeof asked === 'string' ? asked : decodeURIComponent(cookie ?? ''));
}

/** On loopback only names of loopback; elsewhere addresses and the name it was given, as names can be pointed anywhere. */
function isExpectedHost(named: string, host: string, isOpen: boolean): boolean {
  const name = named.replace(/:\d+$/, '');
  if (isLoopback(name)) return true;
  return isOpen && (name === host || /^(\d+\.){3}\d+$|^\[[0-9a-f:]+\]$/i.test(name));
}

function isEqual(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

async function refuse(reply: FastifyReply, code: number, message: string): Promise<void> {
  await reply.code(code).send({ message });
}
