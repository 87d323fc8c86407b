/**
 * FFmpeg's libraries, as `node-av` binds them. The only importer of that package: the polyfill must run before it,
 * and FFmpeg must not write to the terminal.
 */
import './promise-with-resolvers.js';
import { AV_LOG_QUIET } from 'node-av/constants';
import { FFmpegError, Log, PosixError } from 'node-av/lib';

export * from 'node-av/constants';
export * from 'node-av/lib';

Log.setLevel(AV_LOG_QUIET);

/** "Not now": the codec wants more input, or its output taken first. */
export const AVERROR_EAGAIN: number = FFmpegError.AVERROR(PosixError.EAGAIN);
