import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isVidstyleError, VidstyleError } from '../errors.js';
import type { Container } from './container.js';
import { describeWriteFailure } from './native-error.js';
import * as av from './node-av.js';

/** A container being written beside its final place: `finish` renames it there, `abort` removes it. */
export class Muxer {
  readonly partPath: string;
  private opened = false;
  private done = false;

  private constructor(
    readonly format: av.FormatContext,
    /** The final place. */
    readonly path: string,
  ) {
    this.partPath = partPathOf(path);
  }

  /** @throws VidstyleError `output` when the folder is missing, not writable or full. */
  static async create(path: string, container: Container): Promise<Muxer> {
    await checkWritable(path);
    const format = new av.FormatContext();
    const muxer = new Muxer(format, path);
    try {
      muxer.check(format.allocOutputContext2(container.format, container.name, `file:${muxer.partPath}`));
      // A second at most waits for its turn among the streams, so that a gap in the sound cannot pile up video.
      format.maxInterleaveDelta = 1_000_000n;
      muxer.check(await format.openOutput());
      muxer.opened = true;
    } catch (error) {
      await muxer.abort();
      throw error;
    }
    return muxer;
  }

  /** Writes the header; streams are complete before and have their final time base after. */
  async writeHeader(options: Readonly<Record<string, string>>): Promise<void> {
    this.check(await this.format.writeHeader(av.Dictionary.fromObject(options)));
  }

  /** Writes a packet, whose timestamps are in its stream's time base; takes the packet's contents. */
  async write(packet: av.Packet): Promise<void> {
    this.check(await this.format.interleavedWriteFrame(packet));
  }

  /**
   * Completes the file, lets `amend` change it, and puts it in place.
   * @throws VidstyleError `output` when the disk fills up or the place cannot be written
   */
  async finish(amend?: (partPath: string) => Promise<void>): Promise<void> {
    this.check(await this.format.writeTrailer());
    const lateError = this.format.pb?.error ?? 0;
    await this.close();
    if (lateError < 0) this.check(lateError);
    try {
      await amend?.(this.partPath);
      await rename(this.partPath, this.path);
    } catch (cause) {
      throw writeFailure(this.path, cause);
    }
    this.done = true;
  }

  /** Closes and removes the half-written file; idempotent, and does nothing after `finish`. */
  async abort(): Promise<void> {
    if (this.done) return;
    this.done = true;
    await this.close();
    await rm(this.partPath, { force: true });
  }

  private async close(): Promise<void> {
    if (this.opened) await this.format.closeOutput();
    this.opened = false;
    this.format.freeContext();
  }

  private check(code: number): void {
    if (code < 0) throw describeWriteFailure(this.path, code);
  }
}

/** Where a file grows before it is complete. */
export function partPathOf(path: string): string {
  return `${path}.part`;
}

/** @throws VidstyleError `output` unless a file can be made beside `path`. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await (await open(partPathOf(path), 'w')).close();
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** Turns a failed system call on the output into a sentence. */
export function writeFailure(path: string, cause: unknown): VidstyleError {
  if (isVidstyleError(cause)) return cause;
  return new VidstyleError('output', writableSentence(path, cause), { cause });
}

function writableSentence(path: string, cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `The folder "${dirname(path)}" does not exist.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `The folder "${dirname(path)}" is not writable.`;
    case 'ENOSPC':
      return `The disk is full: "${path}" could not be written.`;
    default:
      return `"${path}" could not be written: ${String(code ?? cause)}.`;
  }
}
