import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Session {
  readonly isPublisher: boolean;
  readonly streamPath: string;
  readonly socket: Socket;
}

interface MediaServer {
  run(): Promise<void>;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** A real RTMP server in this process (node-media-server); one at a time, as its state is the module's. */
export interface RtmpServer {
  readonly port: number;
  /** Address of a stream on it. */
  url(name: string): string;
  /** Who publishes or plays a stream. */
  sessions(name: string, role: 'publisher' | 'player'): readonly Session[];
  /** Cuts the connections of those who publish or play a stream. Returns how many there were. */
  drop(name: string, role: 'publisher' | 'player'): number;
  stop(): Promise<void>;
}

/** Starts a server; on the port of an earlier one where it is to come back. */
export async function startRtmpServer(port?: number): Promise<RtmpServer> {
  const used = port ?? (await freePort());
  const { context, create } = loadModule();
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-rtmp-'));
  const server = create({ bind: '127.0.0.1', rtmp: { port: used }, store: { path: join(folder, 'store') } });
  await server.run();
  const sessions = (name: string, role: 'publisher' | 'player'): Session[] =>
    [...context.sessions.values()].filter(
      ({ isPublisher, streamPath }) =>
        streamPath === `/live/${name}` && isPublisher === (role === 'publisher'),
    );
  return {
    port: used,
    url: (name) => `rtmp://127.0.0.1:${used}/live/${name}`,
    sessions,
    drop(name, role) {
      const found = sessions(name, role);
      for (const { socket } of found) socket.destroy();
      return found.length;
    },
    stop: () => server.stop(),
  };
}

function loadModule() {
  const logger = require('node-media-server/src/core/logger.js') as { level: string };
  Object.defineProperty(logger, 'level', { get: () => 'error', set: () => undefined });
  const context = require('node-media-server/src/core/context.js') as { sessions: Map<string, Session> };
  const Server = require('node-media-server') as new (config: object, path: string) => MediaServer;
  return { context, create: (config: object) => new Server(config, '') };
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
