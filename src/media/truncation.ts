import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { VidstyleError } from '../errors.js';
import { isUrl } from './input-checks.js';

export interface TruncationOptions {
  /** Read what is there, with a notice, instead of refusing the file. */
  readonly acceptTruncated?: boolean | undefined;
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** @throws VidstyleError `input` when a file is shorter than it says, unless that is accepted. */
export async function checkTruncation(path: string, options: TruncationOptions): Promise<void> {
  if (isUrl(path)) return;
  const declared = (await declaredSize(path)) ?? 0;
  const { size } = await stat(path);
  if (declared <= size) return;
  const sentence = `"${path}" is cut short: ${size} of its ${declared} bytes are there.`;
  if (options.acceptTruncated !== true)
    throw new VidstyleError('input', sentence, { details: { path, size, declared } });
  options.onNotice?.(sentence);
}

/**
 * How many bytes a file says it has: the end of the last top-level box of an MP4 or QuickTime file, of the segment of a
 * Matroska file, of the first chunk of an AVI file. Undefined for other containers and for files that leave it open, as
 * live recordings do.
 */
async function declaredSize(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = await readAt(file, 0, 64);
    if (head.toString('latin1', 4, 8) === 'ftyp') return await lastBoxEnd(file, size);
    if (head.length > 40 && head.readUInt32BE(0) === 0x1a45dfa3) return segmentEnd(head);
    if (/^RIFF[^]{4}AVI /.test(head.toString('latin1', 0, 12))) return riffEnd(head);
    return undefined;
  } finally {
    await file.close();
  }
}

async function lastBoxEnd(file: FileHandle, fileSize: number): Promise<number | undefined> {
  let offset = 0;
  while (offset + 8 <= fileSize) {
    const header = await readAt(file, offset, 16);
    const short = header.readUInt32BE(0);
    if (short === 0) return undefined; // up to the end, wherever that is
    const size = short === 1 && header.length === 16 ? Number(header.readBigUInt64BE(8)) : short;
    // Behind the last box some programs leave bytes that are none.
    if (size < 8 || !/^[\x20-\x7e\xa9]{4}$/.test(header.toString('latin1', 4, 8))) return undefined;
    offset += size;
  }
  return offset;
}

/** EBML header, then the segment with its size (RFC 8794, section 4: all ones mean unknown). */
function segmentEnd(head: Buffer): number | undefined {
  const header = variableInteger(head, 4);
  const segment = header && 4 + header.length + Number(header.value);
  if (segment === undefined || segment + 12 > head.length || head.readUInt32BE(segment) !== 0x18538067)
    return undefined;
  const size = variableInteger(head, segment + 4);
  return size && segment + 4 + size.length + Number(size.value);
}

/** A recorder that never came back to fill the size in left zero or all ones. */
function riffEnd(head: Buffer): number | undefined {
  const size = head.readUInt32LE(4);
  return size === 0xffffffff ? undefined : 8 + size;
}

function variableInteger(bytes: Buffer, offset: number): { length: number; value: bigint } | undefined {
  const first = bytes[offset] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || offset + length > bytes.length) return undefined;
  let value = BigInt(first & (0xff >> length));
  for (let index = 1; index < length; index++) value = (value << 8n) | BigInt(bytes[offset + index] ?? 0);
  return value === (1n << BigInt(7 * length)) - 1n ? undefined : { length, value };
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
