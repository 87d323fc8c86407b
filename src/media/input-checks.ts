import { open, stat } from 'node:fs/promises';
import { isVidstyleError, messageOf, VidstyleError } from '../errors.js';

/** The most pixels a side that are accepted; FFmpeg itself allows more than any memory holds. */
export const maximumSide = 16_384;

/** Whether the user named something on the network; `C:\…` is a path. */
export function isUrl(path: string): boolean {
  return /^[a-z][a-z0-9+]+:\/\//i.test(path);
}

/** @throws VidstyleError `input` when `path` is missing, unreadable, a folder or empty. */
export async function checkInputFile(path: string): Promise<void> {
  let size: number;
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new VidstyleError('input', `"${path}" is a folder, not a file.`);
    size = found.isFile() ? found.size : 1;
  } catch (cause) {
    throw fileError(path, cause);
  }
  if (size === 0) throw new VidstyleError('input', `"${path}" is empty.`);
}

/** The file's first bytes: enough to tell its kind. */
export async function sniffFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffBytes), 0, sniffBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(path, cause);
  }
}

const sniffBytes = 4096;

/** @throws VidstyleError `input` when the file is a list of other files rather than a video. */
export function refusedPlaylist(path: string, head: Buffer): void {
  const text = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  const kind = playlistKinds.find(([pattern]) => pattern.test(text))?.[1];
  if (kind === undefined) return;
  throw new VidstyleError(
    'input',
    `"${path}" is ${kind} that points at other files or the network; name the video itself instead.`,
  );
}

const playlistKinds: readonly (readonly [RegExp, string])[] = [
  [/^#EXTM3U/, 'a playlist (HLS)'],
  [/^ffconcat version/, 'a list of files (ffconcat)'],
  [/^file\s+['"\w./\\]/, 'a list of files'],
  [/^\[playlist\]/i, 'a playlist'],
  [
    /^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<(MPD|SmoothStreamingMedia|CompositionPlaylist|ASX|smil)\b/i,
    'a playlist (XML)',
  ],
  [/^v=0\r?\no=/, 'a session description (SDP)'],
  [/^\[reference\]/i, 'a playlist'],
];

/** Turns a failed system call on the user's file into a sentence. */
export function fileError(path: string, cause: unknown): Error {
  if (isVidstyleError(cause)) return cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new VidstyleError('input', `"${path}" does not exist.`, { cause });
  if (code === 'EACCES' || code === 'EPERM') {
    return new VidstyleError('input', `"${path}" cannot be read: permission denied.`, { cause });
  }
  return new VidstyleError('input', `"${path}" cannot be read: ${messageOf(cause)}.`, { cause });
}
