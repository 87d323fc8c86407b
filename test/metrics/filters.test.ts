import { describe, expect, it } from '@jest/globals';
import { gaussianBlur } from '../../src/metrics/gaussian-blur.js';
import { matchHistogram } from '../../src/metrics/histogram.js';
import { raster, type Raster } from '../../src/metrics/raster.js';
import { busyPicture, sampleAt } from './pictures.js';

describe('gaussianBlur', () => {
  it('agrees with SciPy, edges included', () => {
    // scipy.ndimage.gaussian_filter(picture, 1.3, mode='reflect', truncate=4.0), SciPy 1.17.
    const blurred = gaussianBlur(busyPicture(20, 16, 1, 3), 1.3);
    expect(sampleAt(blurred, 0, 0)).toBeCloseTo(122.766519, 3);
    expect(sampleAt(blurred, 19, 0)).toBeCloseTo(113.318461, 3);
    expect(sampleAt(blurred, 9, 7)).toBeCloseTo(111.788104, 3);
    expect(sampleAt(blurred, 3, 15)).toBeCloseTo(120.983708, 3);
  });

  it('keeps channels apart and the sample type', () => {
    const red = raster(
      5,
      5,
      3,
      Uint8Array.from({ length: 75 }, (_, i) => (i % 3 === 0 ? 200 : 0)),
    );
    expect(gaussianBlur(red, 1)).toEqual(red);
  });
});

describe('matchHistogram', () => {
  it('agrees with scikit-image on pictures of different sizes', () => {
    // skimage.exposure.match_histograms on each channel in floats (scikit-image 0.26), rounded.
    const picture = bytes(busyPicture(20, 16, 3, 3), (value) => value);
    const reference = bytes(busyPicture(12, 9, 3, 5), (value) => value * 0.5 + 40);
    const matched = matchHistogram(picture, reference);
    const expected: readonly (readonly [x: number, y: number, channel: number, value: number])[] = [
      [0, 0, 0, 69.506],
      [4, 3, 1, 159.912],
      [17, 8, 2, 59.425],
      [19, 15, 0, 119.637],
      [10, 10, 1, 109.085],
    ];
    for (const [x, y, channel, value] of expected) {
      expect(sampleAt(matched, x, y, channel)).toBe(Math.round(value));
    }
    const mean = matched.data.reduce((sum, value) => sum + value, 0) / matched.data.length;
    expect(mean).toBeCloseTo(100.64, 1);
  });

  it('changes nothing when the reference is the picture itself, 16 bit included', () => {
    const picture = raster(4, 1, 1, Uint16Array.of(0, 500, 40000, 65535));
    expect(matchHistogram(picture, picture).data).toEqual(picture.data);
  });

  it('gives a shifted picture the reference back', () => {
    const reference = raster(4, 1, 1, Uint8Array.of(10, 20, 30, 40));
    const brighter = raster(4, 1, 1, Uint8Array.of(110, 120, 130, 140));
    expect(matchHistogram(brighter, reference).data).toEqual(reference.data);
  });

  it('refuses different channels', () => {
    expect(() =>
      matchHistogram(raster(1, 1, 1, Uint8Array.of(1)), raster(1, 1, 3, Uint8Array.of(1, 2, 3))),
    ).toThrow(/same channels/);
  });
});

function bytes({ data, ...shape }: Raster, value: (sample: number) => number): Raster<Uint8Array> {
  return { ...shape, data: Uint8Array.from(data, (sample) => Math.floor(value(sample))) };
}
