import { expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ProgressBook } from '../../src/batch/progress.js';
import { BatchDisplay } from '../../src/cli/batch-display.js';
import { fileTask } from './tasks.js';

const file = (path: string, bytes: number) => ({ path, bytes, output: path, stamp: '', modifiedMs: 0 });

it('tells the share that is done by the sources’ bytes, of all and of each file, and when the rest will be', async () => {
  const book = new ProgressBook([file('long', 600), file('short', 200), file('bad', 200)]);
  expect(book.snapshot()).toMatchObject({ filesTotal: 3, done: 0, failed: 0, share: 0, etaMs: undefined });
  const segment = { ...fileTask('long'), kind: 'segment' as const, segment: 2 };
  // Four of its six segments stem from an earlier run: they count as done, not as this run's pace.
  book.succeeded(fileTask('long'), { type: 'split', segments: 6, missing: [2, 5] });
  expect(book.snapshot()).toMatchObject({ share: 0.4, etaMs: undefined });
  book.started(segment);
  book.progressed(segment, { framesDone: 5, framesTotal: 10, fps: 7 });
  await delay(50);
  const { elapsedMs, etaMs, ...half } = book.snapshot();
  expect(half).toMatchObject({
    share: 0.45,
    active: [{ path: 'long', segment: 2, framesDone: 5, framesTotal: 10, fps: 7 }],
  });
  expect(etaMs).toBeCloseTo((elapsedMs * 550) / 50, 6);
  book.succeeded(segment, { type: 'segment', frames: 10 });
  book.succeeded({ ...segment, segment: 5 }, { type: 'segment', frames: 10 });
  book.succeeded({ ...fileTask('long'), kind: 'join' }, { type: 'done', frames: 60 });
  book.failed(fileTask('bad'));
  expect(book.snapshot()).toMatchObject({ filesTotal: 3, done: 1, failed: 1, share: 0.8, active: [] });
});

it.each([
  [false, '1 of 3 files (50.0%), 1 failed, 1 min 30 s left'],
  [true, '7.0 fps long · segment 3'],
])('shows how far it is, whether it is a terminal (%p) or not', async (isTTY, sentence) => {
  let shown = '';
  const stream = Object.assign(
    new Writable({ write: (chunk: Buffer, _, done) => done(void (shown += chunk.toString())) }),
    { isTTY, columns: 120, cursorTo: () => true, moveCursor: () => true, clearLine: () => true, clearScreenDown: () => true }, // prettier-ignore
  );
  const display = new BatchDisplay(false, stream as unknown as NodeJS.WriteStream);
  const active = [{ path: 'long', segment: 2, framesDone: 5, framesTotal: 10, fps: 7 }];
  display.update({ filesTotal: 3, done: 1, failed: 1, share: 0.5, elapsedMs: 1, etaMs: 90_000, active });
  await delay(300); // bars are drawn ten times a second
  display.close();
  expect(shown).toContain(sentence);
});
