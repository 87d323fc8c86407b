import { describe, expect, it } from '@jest/globals';
import type { FrameGeometry } from '../../src/media/frames.js';
import { compose, type Composition } from '../../src/workers/compose.js';

const onePixel: FrameGeometry = { width: 1, height: 1, format: 'rgb8' };

function composed(change: Partial<Composition>): number[] {
  const frame: Composition = {
    input: Uint8Array.of(10, 20, 30),
    inputGeometry: onePixel,
    result: Uint8Array.of(110, 220, 130),
    outputGeometry: onePixel,
    strength: 1,
    ...change,
  };
  compose(frame);
  return [...frame.result];
}

describe('compose', () => {
  it('leaves the result alone at full strength', () => {
    expect(composed({})).toEqual([110, 220, 130]);
  });

  it('leaves the input at strength 0', () => {
    expect(composed({ strength: 0 })).toEqual([10, 20, 30]);
  });

  it('blends by strength', () => {
    // 10 + 0.25·100, 20 + 0.25·200, 30 + 0.25·100
    expect(composed({ strength: 0.25 })).toEqual([35, 70, 55]);
  });

  it('blends by the mask, whose 255 is the whole strength', () => {
    // 0.5 · 51/255 = 0.1
    expect(composed({ strength: 0.5, mask: Uint8Array.of(51) })).toEqual([20, 40, 40]);
    expect(composed({ mask: Uint8Array.of(0) })).toEqual([10, 20, 30]);
  });

  it('keeps the colours: every channel moves by the change of luma', () => {
    // 0.299·10 + 0.587·20 + 0.114·(−10) = 13.59
    const result = Uint8Array.of(20, 40, 20);
    expect(composed({ result, keepColors: true })).toEqual([24, 34, 44]);
    // half of it: 6.795
    const again = Uint8Array.of(20, 40, 20);
    expect(composed({ result: again, keepColors: true, strength: 0.5 })).toEqual([17, 27, 37]);
  });

  it('gives each channel the histogram of the input at last, whatever the sizes', () => {
    const input = Uint8Array.of(10, 0, 90, 20, 50, 90);
    const result = Uint8Array.of(130, 7, 1, 140, 8, 2, 140, 7, 3, 130, 8, 4);
    composed({
      input,
      inputGeometry: { width: 2, height: 1, format: 'rgb8' },
      result,
      outputGeometry: { width: 4, height: 1, format: 'rgb8' },
      matchHistogram: true,
    });
    expect([...result]).toEqual([10, 0, 90, 20, 50, 90, 20, 0, 90, 10, 50, 90]);
  });

  it('clips what keeping colours drives out of range', () => {
    const result = Uint8Array.of(255, 255, 255);
    const input = Uint8Array.of(250, 10, 10);
    expect(composed({ input, result, keepColors: true })[0]).toBe(255);
    const dark = Uint8Array.of(0, 0, 0);
    expect(composed({ input, result: dark, keepColors: true })[1]).toBe(0);
  });

  it('does the same at 16 bits', () => {
    const input = new Uint8Array(Uint16Array.of(1000, 2000, 60000).buffer);
    const result = new Uint8Array(Uint16Array.of(3000, 1000, 65535).buffer);
    const geometry: FrameGeometry = { ...onePixel, format: 'rgb16' };
    composed({ input, result, inputGeometry: geometry, outputGeometry: geometry, strength: 0.5 });
    // 60000 + 0.5·5535 = 62767.5 rounds up
    expect([...new Uint16Array(result.buffer)]).toEqual([2000, 1500, 62768]);
  });

  it('enlarges the input bilinearly and the mask by repetition under an upscaled result', () => {
    const input = Uint8Array.of(0, 0, 0, 100, 100, 100);
    const result = new Uint8Array(4 * 2 * 3).fill(200);
    composed({
      input,
      inputGeometry: { width: 2, height: 1, format: 'rgb8' },
      result,
      outputGeometry: { width: 4, height: 2, format: 'rgb8' },
      mask: Uint8Array.of(0, 255),
    });
    // centres at −0.25, 0.25, 0.75, 1.25 of the input: 0, 25, 75, 100; the left half stays input, the right is result
    const row = [0, 0, 0, 25, 25, 25, 200, 200, 200, 200, 200, 200];
    expect([...result]).toEqual([...row, ...row]);
  });
});
