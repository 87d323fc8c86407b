import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { isVidstyleError, messageOf, VidstyleError } from '../../errors.js';
import { packageRoot } from '../../paths.js';
import type { LiveOptions } from '../options.js';
import type { LiveSession } from '../session.js';
import { createGuard, tokenCookie } from './guard.js';
import { createMetrics } from './metrics.js';
import { Original } from './original.js';
import { Preview } from './preview.js';
import { addControls } from './routes.js';

/** A console that is being served. */
export interface LiveConsole {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page and its controls.
 * @throws VidstyleError `usage` for an address beyond loopback without a token
 */
export async function serveConsole(session: LiveSession, options: LiveOptions): Promise<LiveConsole> {
  const { port = 0, host = '127.0.0.1', token } = options.console ?? {};
  const guard = createGuard({ port, host, token });
  const server = Fastify({
    ...{ logger: false, bodyLimit: 10_000, forceCloseConnections: true },
    // What the schema does not know is refused, not left out or bent to fit.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.addHook('onRequest', guard);
  server.addHook('onSend', async (_, reply) => {
    void reply.header('Content-Security-Policy', policy).header('X-Content-Type-Options', 'nosniff');
    void reply.header('Referrer-Policy', 'no-referrer').header('Cache-Control', 'no-store');
  });
  server.setErrorHandler(async (error, _, reply) => {
    const isWrongUse = isVidstyleError(error) || (error as { validation?: unknown }).validation !== undefined;
    await reply.code(isWrongUse ? 400 : 500).send({ message: messageOf(error) });
  });
  await server.register(swagger, { openapi: { info: { title: 'vidstyle live', version: '1' } } });
  await server.register(websocket, { options: { maxPayload: 1024 } });
  const stops = addPreviews(server, session);
  await addControls(server, session, options);
  const metrics = createMetrics(() => session.status);
  server.get('/metrics', { schema: { hide: true } }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  await addPage(server, token);
  await server.listen({ port, host }).catch(async (cause: unknown) => {
    await server.close();
    throw new VidstyleError('usage', `The console cannot listen at ${host}:${port}: ${messageOf(cause)}.`, {
      cause,
    });
  });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.server.address() as AddressInfo).port}/`;
  options.onNotice?.(`The console is at ${url}${token === undefined ? '' : '?token=…'}`);
  return {
    url,
    async close() {
      for (const stop of stops) await stop();
      // Closing would wait for WebSockets, those that were refused included; the stream's end does not.
      for (const socket of sockets) socket.destroy();
      await server.close();
    },
  };
}

// mpegts.js plays from blobs.
const policy = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; frame-ancestors 'none'";

function addPreviews(server: FastifyInstance, session: LiveSession): (() => unknown)[] {
  const result = new Preview({ sound: true, video: true });
  const original = new Preview({ sound: false, video: true });
  // Registered after the plugin, so that the guard has seen the request before the socket is opened.
  server.register((scope, _, done) => {
    scope.get('/preview/result', { websocket: true, schema: { hide: true } }, (socket) => {
      result.add(socket);
      session.requestKeyFrame();
    });
    scope.get('/preview/original', { websocket: true, schema: { hide: true } }, (socket) => {
      original.add(socket);
    });
    done();
  });
  const stopResult = session.viewers.add({ onTag: (tag) => result.offer(tag) });
  const passed = new Original(session, original);
  return [stopResult, session.viewers.add(passed), () => passed.close()];
}

/** The page's files; the player comes from its package. */
async function addPage(server: FastifyInstance, token: string | undefined): Promise<void> {
  const folder = join(packageRoot, 'console');
  const player = createRequire(import.meta.url).resolve('mpegts.js');
  const files: readonly (readonly [string, string, string])[] = [
    ['/', join(folder, 'index.html'), 'text/html; charset=utf-8'],
    ['/console.js', join(folder, 'console.js'), 'text/javascript; charset=utf-8'],
    ['/console.css', join(folder, 'console.css'), 'text/css; charset=utf-8'],
    ['/mpegts.js', player, 'text/javascript; charset=utf-8'],
  ];
  for (const [path, file, type] of files) {
    const body = await readFile(file);
    server.get(path, { schema: { hide: true } }, async (_, reply) => {
      if (path === '/' && token !== undefined) void reply.header('Set-Cookie', tokenCookie(token));
      return reply.type(type).send(body);
    });
  }
}
