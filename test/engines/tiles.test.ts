import { describe, expect, it } from '@jest/globals';
import { tileAxis, tileFades } from '../../src/engines/tiles.js';

describe('tileAxis', () => {
  it('takes one tile where that suffices', () => {
    expect(tileAxis(64, 64, 16, 4)).toEqual({ length: 64, starts: [0] });
    expect(tileAxis(50, 64, 16, 4)).toEqual({ length: 64, starts: [0] });
  });

  it('covers the axis to its end, with the overlap asked for or more, on the grid', () => {
    for (let size = 65; size < 400; size += 3) {
      for (const [tile, overlap, step] of [
        [64, 16, 1],
        [64, 32, 4],
        [40, 20, 8],
      ] as const) {
        const padded = Math.ceil(size / step) * step;
        const { starts } = tileAxis(padded, tile, overlap, step);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)).toBe(padded - tile);
        const shared = starts.slice(1).map((start, i) => (starts[i] ?? 0) + tile - start);
        expect(Math.min(...shared)).toBeGreaterThanOrEqual(overlap);
        expect(starts.every((start) => start % step === 0)).toBe(true);
      }
    }
  });
});

describe('tileFades', () => {
  it('hides three eighths of the overlap and fades over the quarter that follows', () => {
    const [first, second] = tileFades({ length: 16, starts: [0, 8] }, 1);
    expect([...(first ?? [])]).toEqual(Array.from({ length: 16 }, () => 1));
    expect([...(second ?? [])].slice(0, 6)).toEqual([0, 0, 0, 0.25, 0.75, 1]);
  });

  it('counts in output pixels', () => {
    const [, second] = tileFades({ length: 16, starts: [0, 8] }, 2);
    expect(second?.length).toBe(32);
    expect([...(second ?? [])].slice(5, 11)).toEqual([0, 0.125, 0.375, 0.625, 0.875, 1]);
  });
});
