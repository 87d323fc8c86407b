import type { QueueListener } from './local-queue.js';
import type { PlannedFile } from './plan.js';
import { ProgressBook, type BatchProgress } from './progress.js';

/** A file that could not be done. */
export interface Failure {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** Keeps count of a batch while a queue does it, and tells whoever looks on; the same for every queue. */
export class Tally {
  readonly failures: Failure[] = [];
  private readonly book: ProgressBook;

  constructor(
    files: readonly PlannedFile[],
    private readonly observer: {
      readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
      readonly onNotice?: ((sentence: string) => void) | undefined;
    },
  ) {
    this.book = new ProgressBook(files);
  }

  /** Files done so far. */
  get done(): number {
    return this.book.snapshot().done;
  }

  readonly started: QueueListener['started'] = (task) => {
    this.book.started(task);
    this.tell();
  };

  readonly progressed: QueueListener['progressed'] = (task, progress) => {
    this.book.progressed(task, progress);
    this.tell();
  };

  readonly succeeded: QueueListener['succeeded'] = (task, result) => {
    this.book.succeeded(task, result);
    this.tell();
  };

  /** The task's file is given up. */
  failed(task: Parameters<QueueListener['failed']>[0], { code, message }: Omit<Failure, 'path'>): void {
    this.book.failed(task);
    this.failures.push({ path: task.path, code, message });
    this.observer.onNotice?.(`${task.path}: ${message}`);
    this.tell();
  }

  private tell(): void {
    this.observer.onProgress?.(this.book.snapshot());
  }
}
