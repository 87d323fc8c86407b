import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VidstyleError } from '../errors.js';

/** A page to guard. */
export interface GuardOptions {
  /** What it is called in messages: `console`. */
  readonly name: string;
  /** Where it listens. */
  readonly host: string;
  /** What whoever comes must present; beyond loopback there has to be one. */
  readonly token: string | undefined;
}

/**
 * Who may talk to a page that controls something. Pages of other origins may not (Origin), nor names that were pointed at this
 * machine (Host): without that, any page in the user's browser could. Beyond loopback a token is asked for as well.
 *
 * @throws VidstyleError `usage` for an address beyond loopback without a token
 */
export function createGuard({ name, host, token }: GuardOptions) {
  const isOpen = !isLoopback(host);
  if (isOpen && (token === undefined || token.length < shortestToken)) {
    throw new VidstyleError(
      'usage',
      `The ${name} at ${host} can be reached by others: give it a token of ${shortestToken} characters or more.`,
    );
  }
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { host: named = '', origin } = request.headers;
    if (!isExpectedHost(named, host, isOpen)) return refuse(reply, 403, 'Another host was meant.');
    // https: a proxy before us, which speaks TLS and hands the host's name on.
    if (origin !== undefined && origin !== `http://${named}` && origin !== `https://${named}`)
      return refuse(reply, 403, `Pages of other origins may not talk to the ${name}.`);
    if (token !== undefined && !isEqual(tokenOf(request, name), token))
      return refuse(reply, 401, 'Give the token: /?token=… or "Authorization: Bearer …".');
  };
}

const shortestToken = 16;

/** A cookie that lets the page's own requests through after it was opened with the token. */
export function tokenCookie(name: string, token: string): string {
  return `${cookieName(name)}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Whether only this machine can reach the address's host. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i.test(host);
}

/** The token that a request presents: as bearer, in the address, or in the page's cookie. */
function tokenOf({ headers, query }: FastifyRequest, name: string): string {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  const asked = (query as { token?: unknown }).token;
  const cookie = new RegExp(`(?:^|; )${cookieName(name)}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
  return bearer ?? (typeof asked === 'string' ? asked : decoded(cookie ?? ''));
}

/** Cookies know no ports: two pages on one machine must not take each other's. */
function cookieName(name: string): string {
  return `vidstyle_${name}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
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
