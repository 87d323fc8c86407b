import { VidstyleError } from '../errors.js';
import type { WeightArray, Weights } from './weights.js';

/**
 * The safetensors format (huggingface/safetensors): an 8-byte little-endian header length, a JSON header, raw
 * little-endian data. Plain enough to write here; nothing in it is ever executed.
 */
const longestHeader = 100_000_000;

/** Serialises weights; `metadata` is kept as strings in the header. */
export function encodeSafetensors(
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of weights) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]); // keeps the data aligned
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const arrays = [...weights.values()].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  return Buffer.concat([length, padded, ...arrays]);
}

/**
 * Parses float32 tensors and the header's metadata.
 * @throws VidstyleError `model` on anything but a sound safetensors file of float32 tensors
 */
export function decodeSafetensors(bytes: Uint8Array): {
  weights: Map<string, WeightArray>;
  metadata: Readonly<Record<string, string>>;
} {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = buffer.length >= 8 ? Number(buffer.readBigUInt64LE()) : Infinity;
  if (headerLength > Math.min(longestHeader, buffer.length - 8)) throw malformed('its header is cut off');
  const header = parseHeader(buffer.toString('utf8', 8, 8 + headerLength));
  const data = buffer.subarray(8 + headerLength);
  const weights = new Map<string, WeightArray>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = entry as Record<string, string>;
    else weights.set(name, readTensor(name, entry, data));
  }
  return { weights, metadata };
}

function parseHeader(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // falls through: what is no JSON is no header
  }
  throw malformed('its header is no JSON object');
}

function readTensor(name: string, entry: unknown, data: Buffer): WeightArray {
  const { dtype, shape, data_offsets: offsets } = entry as Partial<Record<string, unknown>>;
  if (dtype !== 'F32') throw malformed(`"${name}" is ${String(dtype)}, not F32`);
  if (!isNumbers(shape) || !isNumbers(offsets)) throw malformed(`"${name}" has no shape`);
  const [begin = -1, end = -1] = offsets;
  const size = shape.reduce((product, length) => product * length, 1);
  if (begin < 0 || end > data.length || end - begin !== size * 4)
    throw malformed(`"${name}" lies outside the file`);
  const array = new Float32Array(size); // copied: the file's data may be unaligned
  Buffer.from(array.buffer).set(data.subarray(begin, end));
  return { shape, data: array };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function malformed(why: string): VidstyleError {
  return new VidstyleError('model', `The safetensors file cannot be read: ${why}.`);
}
