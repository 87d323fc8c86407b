import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { verifyOutput } from '../../src/media/index.js';
import type { ClipOptions } from '../fixtures/clips.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { temporaryFolder } from './restream.js';

const folder = temporaryFolder();
const original: ClipOptions = {
  times: evenTimes(12),
  sound: ['eng'],
  subtitles: [{ start: 0.04, seconds: 0.2, text: 'Hello' }],
  chapters: [{ startSeconds: 0, endSeconds: 0.3, metadata: { title: 'One' } }],
  metadata: { title: 'A film' },
  aspect: { num: 4, den: 3 },
  rotation: 90,
  color: { range: 1, primaries: 1, transfer: 1, matrix: 1 },
  muxerOptions: { avoid_negative_ts: 'disabled' },
};

beforeAll(async () => {
  await makeClip(join(folder, 'original.mkv'), original);
});

async function differences(change: ClipOptions): Promise<string[]> {
  const output = join(folder, 'output.mkv');
  await makeClip(output, { ...original, ...change });
  const rows = await verifyOutput(join(folder, 'original.mkv'), output);
  return rows.filter((row) => !row.ok).map((row) => row.property);
}

describe('verifyOutput', () => {
  it('finds no difference between equal files', async () => {
    expect(await differences({})).toEqual([]);
  });

  it.each<[string, ClipOptions, string[]]>([
    ['a missing frame', { times: evenTimes(11) }, ['frames', 'timestamp of frame 11']],
    ['a frame a tick late', { times: [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12] }, ['timestamp of frame 6']],
    ['another title', { metadata: { title: 'Another film' } }, ['metadata title']],
    [
      'another chapter',
      { chapters: [{ startSeconds: 0.1, endSeconds: 0.3, metadata: { title: 'One' } }] },
      ['chapters'],
    ],
    ['another subtitle', { subtitles: [{ start: 0.04, seconds: 0.2, text: 'Bye' }] }, ['stream 2 packets']],
    ['a late subtitle', { subtitles: [{ start: 0.06, seconds: 0.2, text: 'Hello' }] }, ['stream 2 times']],
    ['another language', { sound: ['fra'] }, ['audio 1 language', 'audio 1 title']],
    ['another rotation', { rotation: 180 }, ['rotation']],
    ['another pixel aspect ratio', { aspect: { num: 1, den: 1 } }, ['pixel aspect ratio']],
    ['another range', { color: { range: 2, primaries: 1, transfer: 1, matrix: 1 } }, ['colour range']],
    [
      'other colours',
      { color: { range: 1, primaries: 9, transfer: 16, matrix: 9 } },
      ['colour primaries', 'colour transfer', 'colour matrix'],
    ],
    ['another size', { width: 80 }, ['frame size']],
  ])('finds %s', async (_name, change, expected) => {
    expect((await differences(change)).sort()).toEqual([...expected].sort());
  });

  it('finds a lost stream', async () => {
    const { subtitles: _left, ...rest } = original;
    const output = join(folder, 'fewer.mkv');
    await makeClip(output, rest);
    const rows = await verifyOutput(join(folder, 'original.mkv'), output);
    expect(rows.find((row) => row.property === 'streams')).toEqual({
      property: 'streams',
      expected: '3',
      actual: '2',
      ok: false,
    });
  });

  it('finds eight bits where there were ten', async () => {
    await makeClip(join(folder, 'ten.mkv'), { pixelFormat: 'yuv420p10le' });
    await makeClip(join(folder, 'eight.mkv'), {});
    const rows = await verifyOutput(join(folder, 'ten.mkv'), join(folder, 'eight.mkv'));
    expect(rows.find((row) => row.property === 'bits a sample')).toMatchObject({
      expected: '10',
      actual: '8',
      ok: false,
    });
  });
});
