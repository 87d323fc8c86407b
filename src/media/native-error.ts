import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';

/** The sentence for a container that FFmpeg refused to open or whose streams it could not find. */
export function describeFailure(path: string, code: number): VidstyleError {
  return new VidstyleError('input', `"${path}" ${openSentence(code)}`, { details: { path, code } });
}

function openSentence(code: number): string {
  if (damaged.has(code)) {
    return 'cannot be read as a video: it is damaged, cut short, encrypted, or no video at all.';
  }
  if (unsupported.has(code)) return 'is in a format that cannot be read.';
  if (code === av.FFmpegError.AVERROR(av.PosixError.ENOMEM)) return 'needs more memory than there is.';
  return `cannot be opened: ${av.FFmpegError.strerror(code)}.`;
}

/**
 * A read beyond the end is an "input/output error" to some demuxers; to that of YUV4MPEG a frame size that cannot be is "busy"
 * (it adds the length of a frame's header to the error).
 */
const damaged: ReadonlySet<number> = new Set([
  av.AVERROR_INVALIDDATA,
  av.AVERROR_EOF,
  av.FFmpegError.AVERROR(av.PosixError.EIO),
  av.FFmpegError.AVERROR(av.PosixError.EBUSY),
]);
const unsupported: ReadonlySet<number> = new Set([
  av.AVERROR_PATCHWELCOME,
  av.FFmpegError.AVERROR(av.PosixError.EINVAL),
]);

/** The sentence for an output that could not be written; names the full disk and the missing permission. */
export function describeWriteFailure(path: string, code: number): VidstyleError {
  return new VidstyleError('output', writeSentence(path, code), { details: { path, code } });
}

function writeSentence(path: string, code: number): string {
  switch (code) {
    case av.FFmpegError.AVERROR(av.PosixError.ENOSPC):
      return `The disk is full: "${path}" could not be written.`;
    case av.FFmpegError.AVERROR(av.PosixError.EACCES):
    case av.FFmpegError.AVERROR(av.PosixError.EPERM):
      return `"${path}" cannot be written: permission denied.`;
    default:
      return `"${path}" could not be written: ${av.FFmpegError.strerror(code)}.`;
  }
}
