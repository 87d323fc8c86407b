import { expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBatch } from '../../src/batch/batch.js';
import { verifyOutput } from '../../src/media/index.js';
import { evenTimes, type ClipOptions } from '../fixtures/clips.js';
import { frameHashes, makeArchive } from './archive.js';

const uneven = evenTimes(41).map((i) => i * 40 + (i % 3) * 7);
const clip: ClipOptions = { times: evenTimes(41), sound: ['eng'] };
const x265 = 'log-level=none:bframes=2:keyint=10:min-keyint=10:scenecut=0';

const kinds: Readonly<Record<string, ClipOptions>> = {
  'closed-gop.mp4': { ...clip, encoderOptions: { flags: '+cgop', g: '10', bf: '2' } },
  'open-gop.mkv': { ...clip, encoderOptions: { g: '10', bf: '2', 'x264-params': 'open-gop=1:scenecut=0' } },
  'no-b-frames.mp4': { ...clip, encoderOptions: { g: '10', bf: '0' } },
  'many-b-frames.mkv': {
    ...clip,
    encoderOptions: { g: '12', bf: '5', 'b-pyramid': 'normal', b_strategy: '0' },
  },
  'uneven-times.mkv': { ...clip, times: uneven, timeBase: { num: 1, den: 1000 } },
  'uneven-times.mp4': { ...clip, times: uneven, timeBase: { num: 1, den: 1000 } },
  'late-start.mp4': { ...clip, times: evenTimes(41).map((i) => i + 250) },
  'hevc-closed-gop.mp4': { ...clip, codec: 'libx265', encoderOptions: { preset: 'ultrafast', 'x265-params': `${x265}:open-gop=0` } }, // prettier-ignore
  'hevc-open-gop.mkv': { ...clip, codec: 'libx265', encoderOptions: { preset: 'ultrafast', 'x265-params': `${x265}:open-gop=1` } }, // prettier-ignore
  'mpeg2.ts': { ...clip, codec: 'mpeg2video', encoderOptions: { g: '10', bf: '2', b: '2M' } },
};

/** Does the clips in segments and in one piece; what is encoded without loss must be the very same frames. */
async function expectSame(
  clips: Readonly<Record<string, ClipOptions>>,
  encoding: object,
): Promise<Record<string, number>> {
  const place = await makeArchive(clips);
  const options = {
    archive: place.archive,
    work: { ...place.work, preset: undefined, ...encoding },
    settings: { threads: 1, presets: place.presets },
  };
  const whole = `${place.out}-whole`;
  expect((await runBatch({ ...options, out: place.out, segmentSeconds: 0.4 })).failures).toEqual([]);
  expect((await runBatch({ ...options, out: whole, segmentSeconds: 1000 })).failures).toEqual([]);
  for (const path of Object.keys(clips)) {
    const [joined, expected] = [join(place.out, path), join(whole, path)];
    expect([path, await frameHashes(joined)]).toEqual([path, await frameHashes(expected)]);
    const rows = await verifyOutput(join(place.archive, path), joined);
    expect([path, rows.filter(({ ok }) => !ok)]).toEqual([path, []]);
  }
  return segmentsOf(place.out);
}

it('joins segments to the very frames, times and streams of an uninterrupted run, whatever the source', async () => {
  const { 'mpeg2.ts': uncut, ...segments } = await expectSame(kinds, { crf: 0 });
  expect(uncut).toBe(0); // seeking finds no key frames in it by their time
  expect(Object.values(segments).filter((count) => count < 3)).toEqual([]);
});

it('does so in 10 bit', async () => {
  const deep: ClipOptions = { ...clip, codec: 'libx265', pixelFormat: 'yuv420p10le', encoderOptions: { preset: 'ultrafast', 'x265-params': `${x265}:open-gop=1` } }; // prettier-ignore
  // ProRes loses a little, but each frame by itself.
  expect(await expectSame({ 'ten-bit.mov': deep }, { codec: 'prores_ks' })).toEqual({ 'ten-bit.mov': 4 });
});

/** How many segments each file was done in; 0 for one piece. */
async function segmentsOf(out: string): Promise<Record<string, number>> {
  const folder = join(out, '.vidstyle/records');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
  const records = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(
    records.map((text) => {
      const { path, segments = 0 } = JSON.parse(text) as { path: string; segments?: number };
      return [path, segments] as const;
    }),
  );
}
