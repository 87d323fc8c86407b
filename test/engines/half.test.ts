import { describe, expect, it } from '@jest/globals';
import { fromHalfBits, halfTable, toHalfBits } from '../../src/engines/half.js';

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [2 ** -24, 0x0001],
    [2 ** -14, 0x0400],
    [0.333251953125, 0x3555],
    [Infinity, 0x7c00],
  ])('writes %p as the bits of IEEE 754', (value, bits) => {
    expect(toHalfBits(value)).toBe(bits);
    expect(fromHalfBits(bits)).toBe(value);
  });

  it('rounds to the nearest, ties to even, and overflows to infinity', () => {
    expect(fromHalfBits(toHalfBits(2049))).toBe(2048);
    expect(fromHalfBits(toHalfBits(2051))).toBe(2052);
    expect(fromHalfBits(toHalfBits(65520))).toBe(Infinity);
    expect(fromHalfBits(toHalfBits(3 * 2 ** -26))).toBe(2 ** -24);
  });

  it('comes back from every half unchanged', () => {
    const table = halfTable();
    const changed = Array.from(table, (value, bits) => (Number.isNaN(value) ? bits : toHalfBits(value)));
    expect(changed.findIndex((bits, index) => bits !== index)).toBe(-1);
  });
});
