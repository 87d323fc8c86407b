import { describe, expect, it } from '@jest/globals';
import { resizeBicubic } from '../../src/metrics/bicubic.js';
import { raster } from '../../src/metrics/raster.js';
import { busyPicture, sampleAt } from './pictures.js';

const impulse = raster(9, 1, 1, Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0));

describe('resizeBicubic', () => {
  it("answers an impulse with Keys' cubic at quarter phases when doubling", () => {
    // cubic(1.75), cubic(1.25), cubic(0.75), cubic(0.25) of Keys 1981 with a = -0.5, worked out by hand.
    const half = [-0.0234375, -0.0703125, 0.2265625, 0.8671875];
    const doubled = resizeBicubic(impulse, { width: 18, height: 1 });
    expect(Array.from(doubled.data)).toEqual([0, 0, 0, 0, 0, ...half, ...half.toReversed(), 0, 0, 0, 0, 0]);
  });

  it('stretches the cubic when reducing, so that it antialiases', () => {
    const reduced = resizeBicubic(impulse, { width: 3, height: 1 });
    // cubic(d / 3) / 3 at the distances 3, 0, 3 from the results' centres 1, 4, 7.
    expect(Array.from(reduced.data)).toEqual([0, Math.fround(1 / 3), 0]);
  });

  it('agrees with an independent implementation away from the edges', () => {
    // Pillow 13, Image.fromarray(picture, 'F').resize(size, BICUBIC): the same cubic, another edge.
    const picture = busyPicture(20, 16, 1, 3);
    const larger = resizeBicubic(picture, { width: 27, height: 22 });
    expect(sampleAt(larger, 6, 6)).toBeCloseTo(151.57947, 3);
    expect(sampleAt(larger, 13, 10)).toBeCloseTo(92.19592, 3);
    expect(sampleAt(larger, 20, 15)).toBeCloseTo(166.10048, 3);
    const smaller = resizeBicubic(picture, { width: 7, height: 6 });
    expect(sampleAt(smaller, 2, 2)).toBeCloseTo(115.39103, 3);
    expect(sampleAt(smaller, 3, 2)).toBeCloseTo(109.05193, 3);
    expect(sampleAt(smaller, 3, 3)).toBeCloseTo(125.83491, 3);
    expect(sampleAt(smaller, 4, 3)).toBeCloseTo(114.54008, 3);
  });

  it('rounds 8-bit samples half up and keeps them within range', () => {
    const step = raster(4, 1, 1, Uint8Array.of(0, 0, 255, 255));
    // In floats: -17.93 and 272.93 beside the step overshoot; 51.80 and 203.20 lie on it.
    expect(Array.from(resizeBicubic(step, { width: 8, height: 1 }).data)).toEqual([
      0, 0, 0, 52, 203, 255, 255, 255,
    ]);
  });

  it('keeps a flat picture flat at any scale and edge', () => {
    const flat = raster(7, 5, 3, new Uint8Array(105).fill(77));
    for (const scale of [0.3, 0.5, 1, 1.7, 3]) {
      for (const edge of ['replicate', 'mirror'] as const) {
        expect(new Set(resizeBicubic(flat, scale, edge).data)).toEqual(new Set([77]));
      }
    }
  });

  it('rounds the size up like MATLAB when given a scale', () => {
    expect(resizeBicubic(busyPicture(7, 5, 3, 0), 0.5)).toMatchObject({ width: 4, height: 3, channels: 3 });
  });

  it('sees the edge sample, or the mirrored picture, beyond the edge', () => {
    const ramp = raster(4, 1, 1, Float32Array.of(0, 100, 200, 300));
    // The first result of doubling sits at -0.25: replicate 0.8671875·0 + 0.2265625·0 - 0.0703125·100 - 0.0234375·0;
    // mirrored, the sample two left of the edge is 100 instead of 0.
    expect(resizeBicubic(ramp, { width: 8, height: 1 }).data[0]).toBeCloseTo(-7.03125, 5);
    expect(resizeBicubic(ramp, { width: 8, height: 1 }, 'mirror').data[0]).toBeCloseTo(-9.375, 5);
  });

  it('refuses an empty result', () => {
    expect(() => resizeBicubic(impulse, { width: 0, height: 1 })).toThrow(/0×1/);
  });
});
