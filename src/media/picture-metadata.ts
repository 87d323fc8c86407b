import { deflateSync } from 'node:zlib';
import { crc32 } from './crc32.js';

/** What is embedded in a finished picture without touching its samples. */
export interface PictureMetadata {
  readonly iccProfile: Buffer | undefined;
  /** As sharp reads it: "Exif\0\0" and a TIFF structure. */
  readonly exif: Buffer | undefined;
}

/**
 * Puts a colour profile and EXIF data into an encoded PNG, JPEG or WebP. (sharp attaches a profile only by converting
 * the samples to it, which would change them.)
 */
export function embedMetadata(
  picture: Buffer,
  format: 'png' | 'jpeg' | 'webp',
  metadata: PictureMetadata,
): Buffer {
  if (!metadata.iccProfile && !metadata.exif) return picture;
  if (format === 'png') return embedInPng(picture, metadata);
  if (format === 'jpeg') return embedInJpeg(picture, metadata);
  return embedInWebp(picture, metadata);
}

/** EXIF data with its orientation set to 1, for a picture that has been turned upright. */
export function uprightExif(exif: Buffer): Buffer {
  const copy = Buffer.from(exif);
  const tiff = copy.toString('latin1', 0, 6) === 'Exif\0\0' ? 6 : 0;
  if (copy.length < tiff + 10) return copy;
  const little = copy.toString('latin1', tiff, tiff + 2) === 'II';
  const u16 = (at: number): number =>
    at + 2 > copy.length ? 0 : little ? copy.readUInt16LE(at) : copy.readUInt16BE(at);
  const directory = tiff + (little ? copy.readUInt32LE(tiff + 4) : copy.readUInt32BE(tiff + 4));
  for (let entry = 0; entry < u16(directory); entry++) {
    const at = directory + 2 + entry * 12;
    if (u16(at) !== orientationTag || at + 10 > copy.length) continue;
    if (little) copy.writeUInt16LE(1, at + 8);
    else copy.writeUInt16BE(1, at + 8);
  }
  return copy;
}

const orientationTag = 0x0112;

/** Chunks go right after the header, before the pixels (PNG specification, sections 11.3.2.3 and 11.3.3.5). */
function embedInPng(picture: Buffer, { iccProfile, exif }: PictureMetadata): Buffer {
  const headerEnd = 8 + 25;
  const chunks: Buffer[] = [];
  if (iccProfile)
    chunks.push(
      pngChunk('iCCP', Buffer.concat([Buffer.from('ICC profile\0\0', 'latin1'), deflateSync(iccProfile)])),
    );
  if (exif) chunks.push(pngChunk('eXIf', withoutExifPrefix(exif)));
  return Buffer.concat([picture.subarray(0, headerEnd), ...chunks, picture.subarray(headerEnd)]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}

/** Segments go after the start marker; a profile is split into pieces of at most 65 519 bytes (ICC.1, annex B.4). */
function embedInJpeg(picture: Buffer, { iccProfile, exif }: PictureMetadata): Buffer {
  const segments: Buffer[] = [];
  if (exif && exif.length < 65_528)
    segments.push(jpegSegment(0xe1, Buffer.concat([exifPrefix, withoutExifPrefix(exif)])));
  const pieces = Math.ceil((iccProfile?.length ?? 0) / iccPiece);
  for (let piece = 0; iccProfile && piece < pieces; piece++) {
    const head = Buffer.from([...Buffer.from('ICC_PROFILE\0', 'latin1'), piece + 1, pieces]);
    segments.push(
      jpegSegment(0xe2, Buffer.concat([head, iccProfile.subarray(piece * iccPiece, (piece + 1) * iccPiece)])),
    );
  }
  return Buffer.concat([picture.subarray(0, 2), ...segments, picture.subarray(2)]);
}

const iccPiece = 65_519;
const exifPrefix = Buffer.from('Exif\0\0', 'latin1');

function jpegSegment(marker: number, data: Buffer): Buffer {
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), data]);
}

function withoutExifPrefix(exif: Buffer): Buffer {
  return exif.subarray(0, 6).equals(exifPrefix) ? exif.subarray(6) : exif;
}

/** A simple WebP becomes an extended one: VP8X with flags, the profile, the picture, EXIF (RFC 9649, section 2.7). */
function embedInWebp(picture: Buffer, { iccProfile, exif }: PictureMetadata): Buffer {
  const chunks = riffChunks(picture).filter(({ type }) => type !== 'VP8X');
  const size = webpSize(chunks);
  const alpha = chunks.some(
    ({ type, data }) => type === 'ALPH' || (type === 'VP8L' && ((data[4] ?? 0) & 0x10) !== 0),
  );
  const header = Buffer.alloc(10);
  header[0] = (iccProfile ? 0x20 : 0) | (alpha ? 0x10 : 0) | (exif ? 0x08 : 0);
  header.writeUIntLE(size.width - 1, 4, 3);
  header.writeUIntLE(size.height - 1, 7, 3);
  const parts = [
    riffChunk('VP8X', header),
    ...(iccProfile ? [riffChunk('ICCP', iccProfile)] : []),
    ...chunks.map(({ type, data }) => riffChunk(type, data)),
    ...(exif ? [riffChunk('EXIF', withoutExifPrefix(exif))] : []),
  ];
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), ...parts]));
}

interface RiffChunk {
  readonly type: string;
  readonly data: Buffer;
}

function riffChunks(picture: Buffer): RiffChunk[] {
  const chunks: RiffChunk[] = [];
  for (let at = 12; at + 8 <= picture.length;) {
    const size = picture.readUInt32LE(at + 4);
    chunks.push({
      type: picture.toString('latin1', at, at + 4),
      data: picture.subarray(at + 8, at + 8 + size),
    });
    at += 8 + size + (size % 2);
  }
  return chunks;
}

function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function webpSize(chunks: readonly RiffChunk[]): { width: number; height: number } {
  const lossy = chunks.find(({ type }) => type === 'VP8 ')?.data;
  if (lossy) return { width: lossy.readUInt16LE(6) & 0x3fff, height: lossy.readUInt16LE(8) & 0x3fff };
  const bits = chunks.find(({ type }) => type === 'VP8L')?.data.readUInt32LE(1) ?? 0;
  return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
}
