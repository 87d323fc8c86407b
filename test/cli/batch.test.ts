import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { frameHashes, makeArchive } from '../batch/archive.js';
import { runCli } from './run-cli.js';

it('restyles an archive, reports as JSON, and tells afterwards what became of it', async () => {
  const { archive, out } = await makeArchive({ 'a/clip.mp4': {} });
  const wish = ['batch', archive, '--out', out, '--style', 'mosaic', '--threads', '1'];
  const { code, stdout } = await runCli([...wish, '--json', '--quiet']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ files: 1, done: 1, skipped: 0, failures: [] });
  expect(await frameHashes(join(out, 'a/clip.mp4'))).toHaveLength(10);
  const status = await runCli(['batch', 'status', out, '--json']);
  expect(JSON.parse(status.stdout)).toMatchObject({ files: 1, done: 1, waiting: 0 });
  expect((await runCli(['batch', 'retry', out])).stdout).toBe(
    '0 files will be tried again by the next run.\n',
  );
  const json = async (command: string): Promise<unknown> =>
    JSON.parse((await runCli(['batch', command, out, '--json'])).stdout) as unknown;
  expect(await json('retry')).toEqual({ retried: [] });
  expect(await json('cancel')).toEqual({ cancelled: true });
  const dry = await runCli([...wish, '--style', 'wave', '--dry-run', '--json']);
  expect(JSON.parse(dry.stdout)).toMatchObject({
    ...{ files: 1, done: 0, skipped: 0 },
    forecast: { tried: 'a/clip.mp4', seconds: expect.any(Number), bytes: expect.any(Number), fits: true },
  });
});

it.each([
  [['batch', '.', '--style', 'mosaic'], 'Say where the results go: add --out FOLDER.'],
  [['batch', '.', '--out', '/tmp/x'], 'Say what to do: either --style NAME or --upscale 2.'],
  [
    ['batch', '.', '--out', '/tmp/x', '--style', 'mosaic', '--upscale', '2'],
    'either --style NAME or --upscale',
  ],
  [['batch', '.', '--out', '.', '--style', 'mosaic'], 'Archive and results are one folder.'],
  [
    ['batch', '.', '--out', '/tmp/x', '--style', 'mosaic', '--encoder', 'stats=/tmp/y'],
    'does not take the encoder option "stats"',
  ],
  [
    ['batch', '.', '--out', '/tmp/x', '--style', 'mosaic', '--board', '8081'],
    'There is a queue to show only with --redis.',
  ],
  [
    ['batch', '.', '--out', '/tmp/x', '--style', 'mosaic', '--redis', 'redis://h', '--board', 'x'],
    '--board x: give a port, or host:port.',
  ],
  [['batch', 'status', '/tmp/no-batch-here'], 'No batch has put results into'],
  [['worker', '--redis', 'redis://127.0.0.1:1'], 'Name the folders that tasks may use: add --root FOLDER.'],
  [['worker', '--redis', 'http://:secret@h', '--root', '/tmp'], 'Give Redis as redis://host:6379'],
])('refuses %j in a sentence', async (words, sentence) => {
  const { code, stderr } = await runCli(words);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('secret');
  expect(code).toBe(2);
});
