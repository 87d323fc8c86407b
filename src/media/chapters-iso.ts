import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { VidstyleError } from '../errors.js';
import type { Chapter } from './chapters.js';
import { writeWhole } from './write-whole.js';

/**
 * Writes chapters into a finished MP4 or QuickTime file, as the `chpl` list (Nero's, which FFmpeg, VLC and mpv read)
 * in the movie's user data. The list holds starts and titles; a chapter ends where the next begins.
 */
export async function writeIsoChapters(path: string, chapters: readonly Chapter[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const movie = await findMovie(file, size);
    if (!movie)
      throw new VidstyleError('output', 'The chapters could not be written: the file has no movie header.');
    const header = Buffer.alloc(movie.size);
    await file.read(header, 0, movie.size, movie.offset);
    const amended = withUserData(header, box('chpl', chapterList(chapters)));
    const last = movie.offset + movie.size === size;
    if (!last) await retire(file, movie.offset);
    await writeWhole(file, amended, last ? movie.offset : size);
  } finally {
    await file.close();
  }
}

/** More do not fit the list's one-byte count. */
export const maximumIsoChapters = 255;

function chapterList(chapters: readonly Chapter[]): Buffer {
  const kept = chapters.slice(0, maximumIsoChapters);
  // version 1, flags 0, four reserved bytes, count
  const parts: Buffer[] = [Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, kept.length])];
  for (const chapter of kept) {
    const title = truncateUtf8(chapter.metadata['title'] ?? '', 255);
    const entry = Buffer.alloc(9);
    entry.writeBigUInt64BE(BigInt(Math.round(chapter.startSeconds * 1e7)), 0); // units of 100 ns
    entry.writeUInt8(title.length, 8);
    parts.push(entry, title);
  }
  return Buffer.concat(parts);
}

/** At most `limit` bytes of UTF-8, not cutting a character in two. */
function truncateUtf8(text: string, limit: number): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function box(type: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.length + 8, 0);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, content]);
}

/** The movie box with `addition` in its user data box, which is made where there is none. */
function withUserData(movie: Buffer, addition: Buffer): Buffer {
  let userData: { offset: number; size: number } | undefined;
  for (let offset = 8; offset + 8 <= movie.length;) {
    const size = movie.readUInt32BE(offset);
    if (size < 8) break;
    if (movie.toString('latin1', offset + 4, offset + 8) === 'udta') userData = { offset, size };
    offset += size;
  }
  const old = userData
    ? movie.subarray(userData.offset + 8, userData.offset + userData.size)
    : Buffer.alloc(0);
  const rest = userData
    ? [movie.subarray(8, userData.offset), movie.subarray(userData.offset + userData.size)]
    : [movie.subarray(8)];
  return box('moov', Buffer.concat([...rest, box('udta', Buffer.concat([old, addition]))]));
}

async function findMovie(
  file: FileHandle,
  fileSize: number,
): Promise<{ offset: number; size: number } | undefined> {
  const header = Buffer.alloc(16);
  for (let offset = 0; offset + 8 <= fileSize;) {
    await file.read(header, 0, 16, offset);
    const short = header.readUInt32BE(0);
    const size = short === 1 ? Number(header.readBigUInt64BE(8)) : short === 0 ? fileSize - offset : short;
    if (size < 8) return undefined;
    if (header.toString('latin1', 4, 8) === 'moov') return { offset, size };
    offset += size;
  }
  return undefined;
}

/** Turns a box into free space: a header before the pictures cannot grow without moving them all. */
async function retire(file: FileHandle, offset: number): Promise<void> {
  await writeWhole(file, Buffer.from('free', 'latin1'), offset + 4);
}
