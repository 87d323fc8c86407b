/** One message of RTMP (Adobe's specification 1.0, section 5). */
export interface RtmpMessage {
  readonly type: number;
  readonly timeMs: number;
  /** The message stream: 0 for the connection itself. */
  readonly streamId: number;
  readonly body: Buffer;
}

/** The message types that publishing meets. */
export const MessageType = {
  setChunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  sound: 8,
  video: 9,
  data: 18,
  command: 20,
} as const;

/** A message as chunks; each begins with a whole header, or with none for a message's later chunks (5.3.1). */
export function toChunks(message: RtmpMessage, chunkStream: number, chunkSize: number): Buffer {
  const { type, timeMs, streamId, body } = message;
  const isLate = timeMs >= extended;
  const time = Buffer.alloc(isLate ? 4 : 0);
  if (isLate) time.writeUInt32BE(timeMs >>> 0);
  const head = Buffer.alloc(12);
  head.writeUInt8(chunkStream, 0);
  head.writeUIntBE(isLate ? extended : timeMs, 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head.writeUInt8(type, 7);
  head.writeUInt32LE(streamId, 8);
  const parts: Buffer[] = [head, time, body.subarray(0, chunkSize)];
  const next = Buffer.from([0xc0 | chunkStream]);
  for (let at = chunkSize; at < body.length; at += chunkSize) {
    parts.push(next, time, body.subarray(at, at + chunkSize));
  }
  return Buffer.concat(parts);
}

/** The time stamp that says "it does not fit, see behind the header": 4 hours and 39 minutes. */
const extended = 0xffffff;

interface ChunkStream {
  timeMs: number;
  isLate: boolean;
  length: number;
  type: number;
  streamId: number;
  received: Buffer[];
  missing: number;
}

/** A server has little to say to a publisher; more than this is no RTMP. */
const largestMessage = 1_000_000;

/** Puts the server's chunks together to messages. */
export class ChunkReader {
  #pending: Buffer = Buffer.alloc(0);
  #chunkSize = 128;
  readonly #streams = new Map<number, ChunkStream>();

  /** @throws RangeError when the bytes are no RTMP */
  push(bytes: Buffer): RtmpMessage[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const messages: RtmpMessage[] = [];
    for (;;) {
      const used = this.#chunk(messages);
      if (used === 0) return messages;
      this.#pending = this.#pending.subarray(used);
    }
  }

  /** Takes one chunk; returns how many bytes it was, 0 while it is incomplete. */
  #chunk(messages: RtmpMessage[]): number {
    const bytes = this.#pending;
    const basic = basicHeader(bytes);
    if (!basic) return 0;
    const known = this.#streams.get(basic.id);
    const headerLength = [11, 7, 3, 0][basic.format] ?? 0;
    const at = basic.length;
    if (bytes.length < at + headerLength) return 0;
    const stream = known ?? newStream();
    const field = basic.format < 3 ? bytes.readUIntBE(at, 3) : undefined;
    const isLate = field === undefined ? stream.isLate : field === extended;
    let end = at + headerLength + (isLate ? 4 : 0);
    const begins = stream.missing === 0;
    const length = basic.format < 2 ? bytes.readUIntBE(at + 3, 3) : stream.length;
    if (length > largestMessage) throw new RangeError('a message too long for RTMP');
    const size = Math.min(this.#chunkSize, begins ? length : stream.missing);
    if (bytes.length < end + size) return 0;

    if (field !== undefined) stream.timeMs = isLate ? bytes.readUInt32BE(at + headerLength) : field;
    stream.isLate = isLate;
    stream.length = length;
    if (basic.format < 2) stream.type = bytes.readUInt8(at + 6);
    if (basic.format === 0) stream.streamId = bytes.readUInt32LE(at + 7);
    if (begins) stream.missing = length;
    stream.received.push(Buffer.from(bytes.subarray(end, end + size)));
    stream.missing -= size;
    end += size;
    this.#streams.set(basic.id, stream);
    if (stream.missing === 0) messages.push(this.#complete(stream));
    return end;
  }

  #complete(stream: ChunkStream): RtmpMessage {
    const { type, timeMs, streamId } = stream;
    const body = Buffer.concat(stream.received.splice(0));
    if (type === MessageType.setChunkSize && body.length >= 4)
      this.#chunkSize = Math.max(1, body.readUInt32BE(0) & 0x7fffffff);
    return { type, timeMs, streamId, body };
  }
}

function newStream(): ChunkStream {
  return { timeMs: 0, isLate: false, length: 0, type: 0, streamId: 0, received: [], missing: 0 };
}

function basicHeader(bytes: Buffer): { format: number; id: number; length: number } | undefined {
  const [first, second, third] = bytes;
  if (first === undefined) return undefined;
  const format = first >> 6;
  const id = first & 0x3f;
  if (id > 1) return { format, id, length: 1 };
  if (second === undefined) return undefined;
  if (id === 0) return { format, id: 64 + second, length: 2 };
  if (third === undefined) return undefined;
  return { format, id: 64 + second + 256 * third, length: 3 };
}
