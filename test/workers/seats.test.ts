import { describe, expect, it } from '@jest/globals';
import { Seats } from '../../src/workers/seats.js';

describe('seats', () => {
  it('give each worker a number of its own, and a replaced one the number that is free', () => {
    const seats = Seats.create(3);
    const elsewhere = new Seats(seats.memory);
    expect([seats.take(), elsewhere.take(), seats.take()]).toEqual([0, 1, 2]);
    seats.giveBack(1);
    expect(elsewhere.take()).toBe(1);
  });

  it('never run out: where no number is free, the first is shared', () => {
    const seats = Seats.create(1);
    expect([seats.take(), seats.take()]).toEqual([0, 0]);
  });
});
