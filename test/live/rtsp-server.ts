import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** An RTSP server in this process (RFC 2326): one publisher, and players who get what it sends over their TCP connection. */
export interface RtspServer {
  readonly url: string;
  /** Cuts all connections; who comes again is served. Returns how many there were. */
  drop(): number;
  close(): void;
}

interface Stream {
  sdp: string | undefined;
  readonly players: Set<Socket>;
  /** Of every channel the last report that ties its time stamps to a clock: players need one before the first packet. */
  readonly reports: Map<number, Buffer>;
}

/** Starts a server for one stream. */
export async function startRtspServer(): Promise<RtspServer> {
  const stream: Stream = { sdp: undefined, players: new Set(), reports: new Map() };
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    serve(socket, stream);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      stream.players.delete(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): number => {
    for (const socket of open) socket.destroy();
    return open.size;
  };
  return {
    url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/camera`,
    drop,
    close() {
      drop();
      server.close();
    },
  };
}

/** Takes requests and packets, which share a connection, apart. */
function serve(socket: Socket, stream: Stream): void {
  let waiting = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    for (;;) {
      const length = waiting[0] === packetMark ? packetLength(waiting) : requestLength(waiting);
      if (length === undefined || waiting.length < length) return;
      const message = Buffer.from(waiting.subarray(0, length));
      waiting = waiting.subarray(length);
      if (message[0] === packetMark) passOn(message, socket, stream);
      else answer(message.toString(), socket, stream);
    }
  });
}

/** "$", the channel, and the length of what follows. */
const packetMark = 0x24;

function packetLength(bytes: Buffer): number | undefined {
  return bytes.length < 4 ? undefined : 4 + bytes.readUInt16BE(2);
}

function requestLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  return end + 4 + Number(header(bytes.toString('latin1', 0, end + 2), 'Content-Length') || 0);
}

function header(request: string, name: string): string {
  return new RegExp(`^${name}: *(.*?)\r$`, 'im').exec(request)?.[1] ?? '';
}

function passOn(packet: Buffer, from: Socket, { players, reports }: Stream): void {
  // What players send are reports on what they received.
  if (players.has(from)) return;
  const channel = packet[1] ?? 0;
  if (channel % 2 === 1) reports.set(channel, packet);
  for (const player of players) player.write(packet);
}

function answer(request: string, socket: Socket, stream: Stream): void {
  const [method = '', url = ''] = request.split(' ');
  const reply = (headers: readonly string[] = [], body = '', status = '200 OK'): void => {
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${header(request, 'CSeq')}`, 'Session: 1', ...headers];
    socket.write(`${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  };
  if (method === 'OPTIONS') reply(['Public: ANNOUNCE, DESCRIBE, SETUP, RECORD, PLAY, TEARDOWN']);
  else if (method === 'ANNOUNCE') {
    stream.sdp = request.slice(request.indexOf('\r\n\r\n') + 4);
    reply();
  } else if (method === 'DESCRIBE' && stream.sdp === undefined) reply([], '', '404 Not Found');
  else if (method === 'DESCRIBE')
    reply(['Content-Type: application/sdp', `Content-Base: ${url}/`], stream.sdp);
  else if (method === 'SETUP') reply([`Transport: ${header(request, 'Transport')}`]);
  else if (method === 'PLAY') {
    reply();
    for (const report of stream.reports.values()) socket.write(report);
    stream.players.add(socket);
  } else reply();
}
