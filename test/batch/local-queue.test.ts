import { expect, it } from '@jest/globals';
import { Room } from '../../src/batch/full-disk.js';
import { LocalQueue, type LocalQueueOptions } from '../../src/batch/local-queue.js';
import type { Task } from '../../src/batch/task.js';
import { VidstyleError, type ErrorCode } from '../../src/errors.js';
import { fileTask } from './tasks.js';

const { signal } = new AbortController();

/** Runs a queue of two files, of which the first one's segment 1 fails so; tells what was tried and what was given up. */
async function runWith(code: ErrorCode, options: Partial<LocalQueueOptions>) {
  const tried: string[] = [];
  const failed: string[] = [];
  const queue = new LocalQueue({
    ...{ jobs: 1, retries: 2, stopOnError: false, signal },
    room: new Room({ folders: ['/'], onNotice: undefined, signal }),
    listener: {
      started: ({ path, kind, segment = '' }) => tried.push(`${path} ${kind}${segment}`),
      progressed: () => undefined,
      succeeded: () => undefined,
      failed: ({ path }, error) => Promise.resolve(void failed.push(`${path}: ${error.message}`)),
    },
    run: ({ path, kind, segment }: Task) => {
      if (path === 'b') return Promise.resolve({ type: 'done', frames: 1 });
      if (kind === 'file') return Promise.resolve({ type: 'split', segments: 3, missing: [0, 1, 2] });
      return segment === 1
        ? Promise.reject(new VidstyleError(code, 'The codec crashed.'))
        : Promise.resolve({ type: 'segment', frames: 1 });
    },
    ...options,
  });
  const outcome = await queue
    .run([fileTask('a'), fileTask('b')])
    .catch((error: unknown) => (error as Error).message);
  return { tried, failed, outcome };
}

const given = ['a: The codec crashed.'];

it('tries a segment again as often as told, alone, then gives its file up and goes on with the others', async () => {
  expect(await runWith('worker', {})).toEqual({
    tried: ['a file', 'a segment0', 'a segment1', 'a segment1', 'a segment1', 'b file'],
    failed: given,
    outcome: undefined,
  });
});

it('does not try again what would be the same again', async () => {
  const { tried, failed } = await runWith('input', {});
  expect(tried).toEqual(['a file', 'a segment0', 'a segment1', 'b file']);
  expect(failed).toEqual(given);
});

it('ends at the first file that is given up, if told to', async () => {
  expect(await runWith('worker', { retries: 0, stopOnError: true })).toEqual({
    tried: ['a file', 'a segment0', 'a segment1'],
    failed: given,
    outcome: 'The codec crashed.',
  });
});
