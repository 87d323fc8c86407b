/** Does one part of batches in a process of its own, for tests: see {@link startChild}. */
import { runBatch, type BatchOptions } from '../../src/batch/batch.js';
import { openBoard, type BoardOptions } from '../../src/batch/board.js';
import { runWorker, type WorkerOptions } from '../../src/batch/worker.js';
import type { ChildPart } from './processes.js';

const [part, text = '{}'] = process.argv.slice(2);
const options = JSON.parse(text) as { readonly clockJumpMs?: number };
const stop = new AbortController();
process.on('SIGTERM', () => {
  stop.abort();
});
const { clockJumpMs } = options;
if (clockJumpMs !== undefined) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + (Math.floor(performance.now() / 1500) % 2) * clockJumpMs;
}

const onNotice = (sentence: string): void => void process.send?.(sentence);
const parts: Readonly<Record<ChildPart, () => Promise<unknown>>> = {
  batch: () => runBatch({ ...(options as BatchOptions), onNotice, signal: stop.signal }),
  worker: () => runWorker({ ...(options as WorkerOptions), onNotice, signal: stop.signal }),
  board: () => openBoard(options as BoardOptions),
};
try {
  process.stdout.write(`${JSON.stringify((await parts[part as ChildPart]()) ?? 'stopped')}\n`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  process.stdout.write(`${JSON.stringify({ code, message })}\n`);
}
