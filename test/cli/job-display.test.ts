import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { JobDisplay } from '../../src/cli/job-display.js';
import type { Progress } from '../../src/pipeline/progress.js';

/** What a display writes to a terminal, or to whatever else. */
function written(isTTY: boolean, steps: readonly Progress[], quiet = false): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, cursorTo: () => true });
  const display = new JobDisplay(quiet, stream as unknown as NodeJS.WriteStream);
  for (const step of steps) display.update(step);
  display.say('A notice.');
  display.close();
  return String(stream.read() ?? '');
}

const step = (framesDone: number, framesTotal?: number): Progress => ({
  ...{ framesDone, framesTotal, fps: 24, elapsedMs: 1000 },
  percent: framesTotal && (100 * framesDone) / framesTotal,
  etaMs: framesTotal && 3000,
  stageMs: { decode: 1, network: 1, compose: 1, write: 1 },
});

describe('the display of a job', () => {
  it('is a bar with percent, frames a second and the time left on a terminal', () => {
    const text = written(true, [step(25, 100)]);
    expect(text).toMatch(/█+░+ 25% 25\/100 \| 24\.0 fps, 3\.0 s left/);
    expect(text).toContain('\nA notice.\n');
  });

  it('is plain lines, not too many, where there is no terminal', () => {
    expect(written(false, [step(25, 100), step(26, 100)])).toBe(
      '25/100 frames (25%), 24.0 fps, 3.0 s left\nA notice.\n',
    );
  });

  it('says what it knows where the length is unknown', () => {
    expect(written(true, [step(25)])).toBe('25 frames, 24.0 fps\nA notice.\n');
  });

  it('is silent when quiet', () => {
    expect(written(true, [step(25, 100)], true)).toBe('');
  });
});
