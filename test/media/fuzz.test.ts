import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { openVideo } from '../../src/media/index.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { temporaryFolder } from './restream.js';

const folder = temporaryFolder();
const child = fileURLToPath(new URL('fuzz-child.js', import.meta.url));

interface Outcome {
  readonly file: string;
  readonly frames?: number;
  readonly notices?: readonly string[];
  readonly code?: string;
  readonly message?: string;
}

/** A small generator of pseudo-random numbers (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Reads and writes files in a process of its own, which a crash or a hang of FFmpeg cannot leave. */
async function restreamAll(files: readonly string[]): Promise<Outcome[]> {
  const process_ = spawn(process.execPath, [child, ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => process_.kill('SIGKILL'), 40_000);
  let output = '';
  let errors = '';
  process_.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  process_.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    process_.on('close', (code, killed) => {
      resolve([code, killed]);
    });
  });
  clearTimeout(timer);
  const outcomes = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Outcome);
  if (status !== 0)
    throw new Error(
      `the process ended with ${String(signal ?? status)} on ${String(files[outcomes.length])}\n${errors}`,
    );
  return outcomes;
}

beforeAll(async () => {
  await makeClip(join(folder, 'a.mp4'), {
    times: evenTimes(20),
    sound: ['eng'],
    chapters: [{ startSeconds: 0, endSeconds: 1, metadata: { title: 'x' } }],
  });
  await makeClip(join(folder, 'front.mp4'), {
    times: evenTimes(20),
    muxerOptions: { movflags: '+faststart' },
  });
  await makeClip(join(folder, 'b.mkv'), {
    times: evenTimes(20),
    sound: ['eng'],
    subtitles: [{ start: 0, seconds: 1, text: 'Hello' }],
  });
  await makeClip(join(folder, 'c.avi'), {
    times: evenTimes(20),
    codec: 'mpeg4',
    encoderOptions: { bf: '0' },
  });
});

describe('damaged files', () => {
  it.each(['a.mp4', 'b.mkv'])(
    'end in an error or a part with a notice, never in a crash or hang: %s',
    async (name) => {
      const whole = readFileSync(join(folder, name));
      const draw = random(name.length * 7919);
      const files: string[] = [];
      for (let round = 0; round < 60; round++) {
        const bytes = Buffer.from(
          round % 3 === 0 ? whole.subarray(0, Math.floor(draw() * whole.length)) : whole,
        );
        if (round % 3 !== 0) {
          const flips = round % 3 === 1 ? 1 + Math.floor(draw() * 4) : 20 + Math.floor(draw() * 200);
          for (let flip = 0; flip < flips; flip++) {
            const at = Math.floor(draw() * bytes.length);
            bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(draw() * 8));
          }
        }
        const file = join(folder, `${round}-${name}`);
        writeFileSync(file, bytes);
        files.push(file);
      }
      const outcomes = await restreamAll(files);
      expect(outcomes.map((outcome) => outcome.file)).toEqual(files);
      for (const outcome of outcomes) {
        expect(existsSync(`${outcome.file}.out.mkv`)).toBe(outcome.code === undefined);
        expect(existsSync(`${outcome.file}.out.mkv.part`)).toBe(false);
        if (outcome.code === undefined) {
          expect(outcome.frames).toBeGreaterThan(0);
          const isCut = statSync(outcome.file).size < whole.length;
          if (isCut && outcome.frames !== 20) expect(outcome.notices).not.toEqual([]);
        } else
          expect(outcome).toMatchObject({
            code: 'input',
            message: expect.stringMatching(/^[^\n]+\.$/),
          });
      }
      // Both ends are met, or the damage would be too much or too little to tell anything.
      expect(outcomes.some((outcome) => outcome.code !== undefined)).toBe(true);
      expect(outcomes.some((outcome) => outcome.frames !== undefined)).toBe(true);
    },
  );

  it('names a file that is cut short, and reads what is there when that is accepted', async () => {
    for (const name of ['b.mkv', 'front.mp4', 'c.avi']) {
      const whole = readFileSync(join(folder, name));
      const file = join(folder, `cut-${name}`);
      writeFileSync(file, whole.subarray(0, Math.floor(whole.length * 0.8)));
      await expect(openVideo(file)).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining('is cut short'),
      });
      const notices: string[] = [];
      await using source = await openVideo(file, {
        acceptTruncated: true,
        onNotice: (sentence) => void notices.push(sentence),
      });
      let frames = 0;
      for await (const frame of source.frames()) {
        frames++;
        frame.close();
      }
      expect(frames).toBeGreaterThan(0);
      expect(frames).toBeLessThan(20);
      expect(notices[0]).toContain('is cut short');
    }
  });
});
