import { describe, expect, it } from '@jest/globals';
import { recompress } from '../../src/media/recompress.js';
import { makePhotograph } from '../fixtures/photograph.js';

const size = { width: 48, height: 32 };
const photograph = makePhotograph(size.width, size.height);

function meanDifference(a: Uint8Array | undefined, b: Uint8Array): number {
  return b.reduce((sum, value, i) => sum + Math.abs(value - (a?.[i] ?? NaN)), 0) / b.length;
}

describe('recompress', () => {
  it('gives a shot back as H.264 leaves it: all frames, in order, the worse the higher the factor', async () => {
    const shot = [photograph, photograph.map((value) => 255 - value), photograph];
    const [good, bad] = [
      await recompress(shot, size, { crf: 10 }),
      await recompress(shot, size, { crf: 40 }),
    ];
    for (const [i, frame] of shot.entries()) {
      const differences = [meanDifference(good[i], frame), meanDifference(bad[i], frame)];
      expect(differences[0]).toBeLessThan(8); // chroma at half the size
      expect(differences[1]).toBeGreaterThan(1.3 * (differences[0] ?? NaN));
    }
    expect([good.length, bad.length]).toEqual([3, 3]);
  });

  it('gives the same result for the same shot', async () => {
    const shot = [photograph, photograph, photograph];
    const [a, b] = [await recompress(shot, size, { crf: 30 }), await recompress(shot, size, { crf: 30 })];
    expect(a).toEqual(b);
  });

  it('carries the damage of one frame over to the next', async () => {
    const flickering = photograph.map((value, i) => Math.min(255, value + 3 * (i % 4)));
    const [alone] = await recompress([flickering], size, { crf: 38 });
    const [, after] = await recompress([photograph, flickering], size, { crf: 38 });
    expect(meanDifference(after, alone ?? photograph)).toBeGreaterThan(1);
  });

  it('takes odd sizes', async () => {
    const odd = { width: 21, height: 17 };
    const [frame] = await recompress([makePhotograph(21, 17)], odd, { crf: 20 });
    expect(meanDifference(frame, makePhotograph(21, 17))).toBeLessThan(8);
  });
});
