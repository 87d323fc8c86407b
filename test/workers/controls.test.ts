import { describe, expect, it } from '@jest/globals';
import { Controls } from '../../src/workers/controls.js';

describe('Controls', () => {
  it('shows a change to everyone who holds the memory', () => {
    const writer = Controls.create({ strength: 1, keepColors: false, style: [1, 0] });
    const reader = new Controls(structuredClone(writer.memory));
    const before = reader.version;
    writer.set({ style: [0.25, 0.75] });
    expect(reader.version).not.toBe(before);
    expect(reader.read()).toEqual({ strength: 1, keepColors: false, style: [0.25, 0.75] });
    writer.set({ strength: 0.5, keepColors: true });
    expect(reader.read()).toEqual({ strength: 0.5, keepColors: true, style: [0.25, 0.75] });
  });

  it('refuses a mixture of another number of styles', () => {
    const controls = Controls.create({ strength: 1, keepColors: false, style: [1, 0] });
    expect(() => controls.set({ style: [1] })).toThrow('The network has 2 styles, but 1 weights were given.');
  });
});
