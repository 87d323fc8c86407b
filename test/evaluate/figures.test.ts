import { describe, expect, it } from '@jest/globals';
import { crossing } from '../../src/evaluate/parts/objective.js';
import { secondsOf } from '../../src/evaluate/parts/speed.js';
import { spaced } from '../../src/evaluate/plot.js';
import { median, spread } from '../../src/evaluate/spread.js';

describe('figures of the report', () => {
  it('are medians with their range', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(spread([5, 1, 3.25], 2)).toBe('3.25 (1.00–5.00)');
    expect(spread([7])).toBe('7.0');
    expect(median([])).toBeNaN();
  });

  it('take seconds as they were measured, and go on at the mean pace beyond', () => {
    const run = { objectives: [9, 8, 7, 6], seconds: [4, 6, 8, 10] };
    expect(secondsOf(run, 2)).toEqual({ seconds: 6, isMeasured: true });
    expect(secondsOf(run, 100)).toEqual({ seconds: 250, isMeasured: false });
  });

  it('name the first iteration at which the optimisation is as good as the network', () => {
    expect(crossing([9, 7, 5, 6, 4], 5)).toBe(3);
    expect(crossing([9, 7], 5)).toBeUndefined();
  });

  it('have labels that do not lie on each other', () => {
    expect(spaced([3, 1, 1.5, 8], 1)).toEqual([3, 1, 2, 8]);
    expect(spaced([1, 1, 1], 2)).toEqual([1, 3, 5]);
  });
});
