import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { messageOf, VidstyleError } from '../errors.js';
import { createGuard, isLoopback, tokenCookie } from '../http/guard.js';
import { queueName, queuePrefix, redisConnection, requireRedis } from './redis.js';

/** Options of {@link openBoard}. */
export interface BoardOptions {
  readonly redis: string;
  /** File of certificates (PEM) for `rediss://`, instead of those that Node trusts. */
  readonly redisCa?: string | undefined;
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
 * @throws VidstyleError `engine` where Redis cannot be used, `usage` for a token that is too short or a port that is taken
 */
export async function openBoard(options: BoardOptions): Promise<Board> {
  const { port, host = '127.0.0.1', devices = ['cpu'] } = options;
  const token = options.token ?? (isLoopback(host) ? undefined : randomBytes(16).toString('hex'));
  const guard = createGuard({ name, host, token });
  const connection = redisConnection(options.redis, options.redisCa);
  await requireRedis(connection);
  const { Queue } = await import('bullmq');
  const queues = devices.map((device) => new Queue(queueName(device), { connection, prefix: queuePrefix }));
  for (const queue of queues) queue.on('error', () => undefined);
  const server = await createServer(queues, (page) => {
    page.addHook('onRequest', guard);
    page.addHook('onSend', async ({ query }, reply) => {
      const byAddress = reply.statusCode === 200 && Object.hasOwn(query as object, 'token');
      if (token !== undefined && byAddress) void reply.header('Set-Cookie', tokenCookie(name, token));
    });
  });
  let closing: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closing ??= Promise.all([server.close(), ...queues.map((queue) => queue.close())]);
    await closing;
  };
  try {
    await server.listen({ port, host });
  } catch (cause) {
    await close();
    throw new VidstyleError('usage', `The board cannot be served at ${host}:${port}: ${messageOf(cause)}.`, {
      cause,
    });
  }
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${(server.server.address() as AddressInfo).port}/`;
  return { url: token === undefined ? at : `${at}?token=${token}`, close };
}

const name = 'board';

/** bull-board's page, API and files; its plugin obeys only hooks that are there before it. */
async function createServer(
  queues: readonly Queue[],
  addHooks: (server: FastifyInstance) => void,
): Promise<FastifyInstance> {
  const { createBullBoard } = await import('@bull-board/api');
  const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
  const { FastifyAdapter } = await import('@bull-board/fastify');
  const { default: Fastify } = await import('fastify');
  const serverAdapter = new FastifyAdapter();
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter });
  const server = Fastify({ logger: false, forceCloseConnections: true });
  addHooks(server);
  await server.register(serverAdapter.registerPlugin());
  return server;
}
