import { setTimeout as delay } from 'node:timers/promises';
import { abortedError, isVidstyleError } from '../errors.js';
import { freeBytesAt } from './local-store.js';

/** Whether there was no room to write. */
export function isDiskFull(error: unknown): boolean {
  if (!isVidstyleError(error)) return (error as NodeJS.ErrnoException).code === 'ENOSPC';
  return error.details['system'] === 'ENOSPC' || error.message.startsWith('The disk is full');
}

/** What a batch on this machine writes to, and what it says meanwhile. */
export interface RoomOptions {
  /** Whose disks are written to. */
  readonly folders: readonly string[];
  readonly onNotice: ((sentence: string) => void) | undefined;
  readonly signal: AbortSignal;
  /** How often the disks are looked at; default 5000. */
  readonly pollMs?: number | undefined;
}

/** Room on the disks of a batch: where there is none, everything waits for it. */
export class Room {
  private waiting: Promise<void> | undefined;

  constructor(private readonly options: RoomOptions) {}

  /** Resolves when nothing waits for room, or after the signal. */
  async there(): Promise<void> {
    await this.waiting;
  }

  /** Does something that leaves nothing behind when it fails, again and again until the disk has room for it. */
  async take<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        await this.more();
        if (this.options.signal.aborted) throw abortedError(this.options.signal);
      }
    }
  }

  /** Waits until one of the disks has more room than now, when what failed has been removed. */
  async more(): Promise<void> {
    await (this.waiting ??= this.untilMore().finally(() => (this.waiting = undefined)));
  }

  private async untilMore(): Promise<void> {
    const { folders, onNotice, signal, pollMs = 5000 } = this.options;
    const measure = (): Promise<number[]> => Promise.all(folders.map(freeBytesAt));
    const before = await measure();
    const fullest = folders[before.indexOf(Math.min(...before))] ?? '';
    onNotice?.(`The disk is full ("${fullest}"): the batch waits until there is room.`);
    let now = before;
    while (!signal.aborted && now.every((bytes, at) => bytes < (before[at] ?? 0) + enoughMore)) {
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
      now = await measure();
    }
    if (!signal.aborted) onNotice?.('There is room again: the batch goes on.');
  }
}

const enoughMore = 1 << 20;
