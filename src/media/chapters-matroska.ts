import { open } from 'node:fs/promises';
import { VidstyleError } from '../errors.js';
import type { Chapter } from './chapters.js';
import { writeWhole } from './write-whole.js';

/**
 * Writes chapters into a finished Matroska or WebM file: a Chapters element after everything else, found through an
 * entry in the seek head, into whose reserved space FFmpeg's muxer leaves room for it.
 *
 * Element ids and layout: RFC 9559.
 */
export async function writeMatroskaChapters(path: string, chapters: readonly Chapter[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size: end } = await file.stat();
    const head = Buffer.alloc(Math.min(end, headBytes));
    await file.read(head, 0, head.length, 0);
    const segment = findSegment(head);
    const amended = withSeekEntry(head, segment.dataOffset, BigInt(end - segment.dataOffset));
    const element = chaptersElement(chapters);
    await writeWhole(file, element, end);
    await writeWhole(file, amended.bytes, amended.offset);
    const size = sizeOfEight(BigInt(end - segment.dataOffset + element.length));
    if (segment.sizeLength === 8) await writeWhole(file, size, segment.sizeOffset);
  } finally {
    await file.close();
  }
}

const headBytes = 65_536;

const id = {
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  void: 0xec,
  chapters: 0x1043a770,
  edition: 0x45b9,
  editionDefault: 0x45db,
  chapter: 0xb6,
  chapterUid: 0x73c4,
  timeStart: 0x91,
  timeEnd: 0x92,
  display: 0x80,
  title: 0x85,
  language: 0x437c,
} as const;

function chaptersElement(chapters: readonly Chapter[]): Buffer {
  const atoms = chapters.map((chapter, index) =>
    element(
      id.chapter,
      element(id.chapterUid, unsigned(BigInt(index + 1))),
      element(id.timeStart, unsigned(nanoseconds(chapter.startSeconds))),
      element(id.timeEnd, unsigned(nanoseconds(chapter.endSeconds))),
      element(
        id.display,
        element(id.title, Buffer.from(chapter.metadata['title'] ?? '', 'utf8')),
        element(id.language, Buffer.from('und', 'latin1')),
      ),
    ),
  );
  return element(id.chapters, element(id.edition, element(id.editionDefault, unsigned(1n)), ...atoms));
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}

interface Element {
  readonly id: number;
  readonly offset: number;
  readonly sizeOffset: number;
  readonly sizeLength: number;
  readonly dataOffset: number;
  readonly end: number;
}

function findSegment(head: Buffer): Element {
  for (let offset = 0; offset < head.length;) {
    const found = readElement(head, offset);
    if (found.id === id.segment) return found;
    offset = found.end;
  }
  throw noRoom();
}

/** The seek head with an entry for the chapters, and the free space after it made smaller by as much. */
function withSeekEntry(
  head: Buffer,
  segmentData: number,
  position: bigint,
): { offset: number; bytes: Buffer } {
  const seekHead = readElement(head, segmentData);
  if (seekHead.id !== id.seekHead || seekHead.end + 2 > head.length) throw noRoom();
  const space = readElement(head, seekHead.end);
  const entry = element(
    id.seek,
    element(id.seekId, idBytes(id.chapters)),
    element(id.seekPosition, unsigned(position)),
  );
  const entries = Buffer.concat([head.subarray(seekHead.dataOffset, seekHead.end), entry]);
  const grown = element(id.seekHead, entries);
  const left = space.end - seekHead.offset - grown.length;
  if (space.id !== id.void || left < 9) throw noRoom();
  const voidHead = Buffer.concat([idBytes(id.void), sizeOfEight(BigInt(left - 9))]);
  return { offset: seekHead.offset, bytes: Buffer.concat([grown, voidHead]) };
}

function noRoom(): VidstyleError {
  return new VidstyleError(
    'output',
    'The chapters could not be written: the Matroska header has no room for them.',
  );
}

function readElement(bytes: Buffer, offset: number): Element {
  const idLength = Math.clz32(bytes.readUInt8(offset)) - 23;
  const sizeOffset = offset + idLength;
  const sizeLength = Math.clz32(bytes.readUInt8(sizeOffset)) - 23;
  let size = BigInt(bytes.readUInt8(sizeOffset)) & ((1n << BigInt(8 - sizeLength)) - 1n);
  for (let index = 1; index < sizeLength; index++)
    size = (size << 8n) | BigInt(bytes.readUInt8(sizeOffset + index));
  const dataOffset = sizeOffset + sizeLength;
  return {
    id: bytes.readUIntBE(offset, idLength),
    offset,
    sizeOffset,
    sizeLength,
    dataOffset,
    end: dataOffset + Number(size),
  };
}

function element(elementId: number, ...content: readonly Buffer[]): Buffer {
  const data = Buffer.concat(content);
  return Buffer.concat([idBytes(elementId), sizeOfEight(BigInt(data.length)), data]);
}

function idBytes(elementId: number): Buffer {
  const length = elementId > 0xffffff ? 4 : elementId > 0xffff ? 3 : elementId > 0xff ? 2 : 1;
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(elementId, 0, length);
  return bytes;
}

/** A size in eight bytes, the longest form: the first byte is the marker. */
function sizeOfEight(size: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(size | (1n << 56n));
  return bytes;
}

function unsigned(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
