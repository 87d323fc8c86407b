import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { RequestHandler } from 'express';
import type { AddressInfo } from 'node:net';
import { queueName, queuePrefix, redisConnection, requireRedis } from './redis.js';

/** Options of {@link openBoard}. */
export interface BoardOptions {
  readonly redis: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where to listen; default this machine alone. Elsewhere a token is asked for. */
  readonly host?: string | undefined;
  /** Default: a new one, told by {@link Board.url}. */
  readonly token?: string | undefined;
  /** Kinds of devices whose queues are shown; default `cpu`. */
  readonly devices?: readonly string[] | undefined;
}

/** A web page that shows the queues. */
export interface Board {
  /** With the token, where one is asked for. */
  readonly url: string;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves bull-board, which shows the tasks that wait and are at work. Whoever sees it can also remove tasks: it listens on this
 * machine alone, or asks for a token.
 *
 * @throws VidstyleError `engine` where Redis cannot be used
 */
export async function openBoard(options: BoardOptions): Promise<Board> {
  const { port, host = '127.0.0.1', devices = ['cpu'] } = options;
  const connection = redisConnection(options.redis);
  await requireRedis(connection);
  const { Queue } = await import('bullmq');
  const { createBullBoard } = await import('@bull-board/api');
  const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
  const { ExpressAdapter } = await import('@bull-board/express');
  const { default: express } = await import('express');
  const queues = devices.map((device) => new Queue(queueName(device), { connection, prefix: queuePrefix }));
  for (const queue of queues) queue.on('error', () => undefined);
  const serverAdapter = new ExpressAdapter();
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter });
  const open = isLoopback(host) && options.token === undefined;
  const token = options.token ?? randomBytes(16).toString('hex');
  const app = express();
  app.use(requireOwnHost(host));
  if (!open) app.use(requireToken(token));
  app.use(serverAdapter.getRouter() as RequestHandler);
  const server = app.listen(port, host);
  await once(server, 'listening');
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/`;
  let closing: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    closing ??= Promise.all([
      ...queues.map((queue) => queue.close()),
      new Promise((done) => server.close(done)),
    ]);
    await closing;
  };
  return { url: open ? at : `${at}?token=${token}`, close };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** A web site elsewhere must not reach a board on this machine under a name of its own (DNS rebinding). */
function requireOwnHost(host: string): RequestHandler {
  return (request, response, next) => {
    const asked = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    if (!isLoopback(host) || isLoopback(asked)) next();
    else response.status(403).end();
  };
}

/** The token comes once in the address, then in a cookie; programs send it as a bearer. */
function requireToken(token: string): RequestHandler {
  return (request, response, next) => {
    const cookie = /(?:^|; )vidstyle-board=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const asked = typeof request.query['token'] === 'string' ? request.query['token'] : undefined;
    if (![cookie, bearer, asked].some((given) => given !== undefined && isEqual(given, token))) {
      response.status(401).end('A token is needed.');
      return;
    }
    if (asked !== undefined) response.cookie('vidstyle-board', token, { httpOnly: true, sameSite: 'strict' });
    next();
  };
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
