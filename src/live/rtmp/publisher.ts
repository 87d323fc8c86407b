import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { VidstyleError } from '../../errors.js';
import type { FlvTag } from '../../media/flv-muxer.js';
import { maskAddress, parseRtmp, type RtmpAddress } from '../addresses.js';
import { decodeAmf, encodeAmf, type AmfValue } from './amf.js';
import { ChunkReader, MessageType, toChunks, type RtmpMessage } from './chunks.js';

/** How to publish. */
export interface PublishOptions {
  /** How long connecting and every answer of the server may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Publishes FLV tags to an RTMP or RTMPS server. FFmpeg's own output blocks one of the process' four I/O threads while a
 * server stalls and cannot be interrupted; a socket of Node's says how much is waiting, and closes at once.
 */
export class RtmpPublisher {
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  readonly #reader = new ChunkReader();
  readonly #answers = new Map<string, (command: AmfValue[]) => void>();
  #streamId = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly address: RtmpAddress,
  ) {
    this.closed = new Promise((resolve) => {
      socket.once('error', (error) => {
        resolve(error.message);
      });
      socket.once('close', () => {
        resolve('the server closed the connection');
      });
    });
  }

  /** @throws VidstyleError `output` naming the server, never the key; 'aborted' by the signal */
  static async connect(url: string, { timeoutMs, signal }: PublishOptions): Promise<RtmpPublisher> {
    const address = parseRtmp(url);
    const socket = openSocket(address);
    const publisher = new RtmpPublisher(socket, address);
    const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const stop = (): void => void socket.destroy(new Error('it does not answer in time'));
    ended.addEventListener('abort', stop);
    try {
      const failed = publisher.closed.then((reason) => Promise.reject(new Error(reason)));
      await Promise.race([failed, publisher.#begin(ended)]);
      return publisher;
    } catch (cause) {
      socket.destroy();
      if (signal.aborted) throw new VidstyleError('aborted', 'Interrupted.', { cause });
      const reason = cause instanceof Error ? withoutSecret(cause.message, address) : 'it refused';
      throw new VidstyleError('output', `${maskAddress(url)} cannot be reached: ${reason}.`);
    } finally {
      ended.removeEventListener('abort', stop);
    }
  }

  /** Bytes that the network has not taken yet. */
  get backlogBytes(): number {
    return this.socket.writableLength;
  }

  send(tag: FlvTag): void {
    const streamId = this.#streamId;
    const { timeMs } = tag;
    if (tag.type === 'script') {
      const body = Buffer.concat([encodeAmf(['@setDataFrame']), tag.body]);
      this.#write({ type: MessageType.data, timeMs: 0, streamId, body }, 4);
    } else if (tag.type === 'sound') {
      this.#write({ type: MessageType.sound, timeMs, streamId, body: tag.body }, 4);
    } else {
      this.#write({ type: MessageType.video, timeMs, streamId, body: tag.body }, 6);
    }
  }

  /** Says goodbye and closes; idempotent. */
  close(): void {
    if (this.socket.destroyed) return;
    if (this.#streamId !== 0) this.#command(['deleteStream', 6, null, this.#streamId], 0);
    this.socket.end();
    // Whoever does not take the goodbye is left without it.
    setTimeout(() => this.socket.destroy(), 500).unref();
  }

  /** Closes without a word, for a server that takes nothing; {@link closed} gets the reason. */
  destroy(reason: string): void {
    this.socket.destroy(new Error(reason));
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const { socket, address } = this;
    await once(socket, address.isSecure ? 'secureConnect' : 'connect', { signal });
    socket.setNoDelay(true);
    await shakeHands(socket, signal);
    socket.on('data', (bytes: Buffer) => {
      this.#receive(bytes);
    });
    const size = Buffer.alloc(4);
    size.writeUInt32BE(chunkSize);
    this.#write({ type: MessageType.setChunkSize, timeMs: 0, streamId: 0, body: size }, 2, 128);
    const { app, tcUrl, name } = address;
    await this.#ask('_result 1', ['connect', 1, { app, type: 'nonprivate', flashVer, tcUrl }], 0);
    this.#command(['releaseStream', 2, null, name], 0);
    this.#command(['FCPublish', 3, null, name], 0);
    const created = await this.#ask('_result 4', ['createStream', 4, null], 0);
    this.#streamId = Number(created[3]);
    const status = await this.#ask('onStatus', ['publish', 5, null, name, 'live'], this.#streamId);
    const information = status[3];
    if (typeof information !== 'object' || information?.['level'] === 'error') throw refusal(information);
  }

  /** Sends a command and waits for the answer of that name. */
  async #ask(answer: string, command: AmfValue[], streamId: number): Promise<AmfValue[]> {
    const answered = new Promise<AmfValue[]>((resolve) => this.#answers.set(answer, resolve));
    this.#command(command, streamId);
    const reply = await answered;
    if (reply[0] === '_error') throw refusal(reply[3]);
    return reply;
  }

  #command(values: AmfValue[], streamId: number): void {
    this.#write({ type: MessageType.command, timeMs: 0, streamId, body: encodeAmf(values) }, 3);
  }

  #write(message: RtmpMessage, chunkStream: number, size = chunkSize): void {
    if (!this.socket.destroyed) this.socket.write(toChunks(message, chunkStream, size));
  }

  #receive(bytes: Buffer): void {
    try {
      for (const message of this.#reader.push(bytes)) this.#handle(message);
    } catch {
      this.socket.destroy(new Error('it does not speak RTMP'));
    }
  }

  #handle({ type, body }: RtmpMessage): void {
    if (type === MessageType.userControl && body.length >= 6 && body.readUInt16BE(0) === pingRequest) {
      const pong = Buffer.from(body);
      pong.writeUInt16BE(pingResponse, 0);
      this.#write({ type: MessageType.userControl, timeMs: 0, streamId: 0, body: pong }, 2);
    }
    if (type !== MessageType.command) return;
    const command = decodeAmf(body);
    const [name, transaction] = command;
    const key = name === 'onStatus' ? name : `_result ${Number(transaction)}`;
    this.#answers.get(key)?.(command);
    this.#answers.delete(key);
  }
}

const chunkSize = 4096;
const flashVer = 'FMLE/3.0 (compatible; vidstyle)';
const pingRequest = 6;
const pingResponse = 7;
const handshakeBytes = 1536;

function openSocket({ host, port, isSecure }: RtmpAddress): Socket {
  if (!isSecure) return connectTcp({ host, port });
  // Servers are asked for by name; of an address there is none to ask for.
  return connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) });
}

/** The plain handshake (section 5.2): random bytes there and back. */
async function shakeHands(socket: Socket, signal: AbortSignal): Promise<void> {
  const hello = Buffer.concat([Buffer.from([3]), Buffer.alloc(8), randomBytes(handshakeBytes - 8)]);
  socket.write(hello);
  const answer = await readExactly(socket, 1 + 2 * handshakeBytes, signal);
  if (answer[0] !== 3) throw new Error('it does not speak RTMP');
  socket.write(answer.subarray(1, 1 + handshakeBytes));
}

async function readExactly(socket: Socket, length: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes) return bytes;
    await once(socket, 'readable', { signal });
  }
}

/** Services put the key into what they say, so their words are not repeated beyond the code. */
function refusal(information: AmfValue): Error {
  const code = typeof information === 'object' && information ? information['code'] : undefined;
  return new Error(`it refused the stream (${typeof code === 'string' ? code : 'no reason given'})`);
}

function withoutSecret(text: string, { name }: RtmpAddress): string {
  return name === '' ? text : text.replaceAll(name, '…');
}
