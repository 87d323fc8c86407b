import { describe, expect, it } from '@jest/globals';
import { visibleMask, warpByFlow, type Flow } from '../../src/metrics/flow.js';
import { raster, type Raster } from '../../src/metrics/raster.js';
import { warpingError } from '../../src/metrics/warping-error.js';
import { busyPicture, sampleAt } from './pictures.js';

function uniformFlow(width: number, height: number, dx: number, dy: number): Flow {
  const data = Float32Array.from({ length: width * height * 2 }, (_, i) => (i % 2 === 0 ? dx : dy));
  return raster(width, height, 2, data);
}

/** The picture moved right and down; what comes into view is 0. */
function moved(picture: Raster<Float32Array>, dx: number, dy: number): Raster<Float32Array> {
  const { width, height, channels } = picture;
  const data = picture.data.map((_, i) => {
    const x = (Math.floor(i / channels) % width) - dx;
    const y = Math.floor(i / channels / width) - dy;
    return x >= 0 && x < width && y >= 0 && y < height ? sampleAt(picture, x, y, i % channels) : 0;
  });
  return { ...picture, data };
}

describe('warpByFlow', () => {
  it('fetches what the flow points at', () => {
    const picture = busyPicture(6, 5, 3, 2);
    const warped = warpByFlow(moved(picture, 2, 1), uniformFlow(6, 5, 2, 1));
    expect(sampleAt(warped, 3, 3, 1)).toBe(sampleAt(picture, 3, 3, 1));
    expect(sampleAt(warped, 0, 0, 2)).toBe(sampleAt(picture, 0, 0, 2));
  });

  it('interpolates between pixels and holds the edge', () => {
    const ramp = raster(3, 2, 1, Float32Array.of(0, 10, 20, 100, 110, 120));
    const warped = warpByFlow(ramp, uniformFlow(3, 2, 0.25, 0.5));
    expect(Array.from(warped.data)).toEqual([52.5, 62.5, 70, 102.5, 112.5, 120]);
  });
});

describe('visibleMask', () => {
  it('takes out what leaves the frame', () => {
    const mask = visibleMask(uniformFlow(4, 2, 1, 0), uniformFlow(4, 2, -1, 0));
    expect(Array.from(mask.data)).toEqual([1, 1, 1, 0, 1, 1, 1, 0]);
  });

  it('takes out pixels whose way back leads elsewhere', () => {
    const mask = visibleMask(uniformFlow(4, 1, 1, 0), uniformFlow(4, 1, 1, 0));
    expect(Array.from(mask.data)).toEqual([0, 0, 0, 0]);
  });

  it('takes out the boundary of a moving part', () => {
    const forward = uniformFlow(6, 1, 0, 0);
    forward.data.set([0.4, 0], 6); // the fourth pixel moves less than the tolerance of the way back
    expect(Array.from(visibleMask(forward, uniformFlow(6, 1, 0, 0)).data)).toEqual([1, 1, 0, 0, 1, 1]);
  });
});

describe('warpingError', () => {
  const frame = busyPicture(8, 6, 3, 4);
  const forward = uniformFlow(8, 6, 2, 1);
  const visible = visibleMask(forward, uniformFlow(8, 6, -2, -1));

  it('is 0 for a video that only moves, though new parts come into view', () => {
    expect(warpingError(frame, moved(frame, 2, 1), forward, visible)).toBe(0);
  });

  it('is the mean squared difference on the 0..1 scale over what is visible', () => {
    const next = moved(frame, 2, 1);
    const flickering = { ...next, data: next.data.map((value) => value + 25.5) };
    expect(warpingError(frame, flickering, forward, visible)).toBeCloseTo(0.01, 6);
  });

  it('counts only what is visible', () => {
    const next = moved(frame, 2, 1);
    const none = raster(8, 6, 1, new Uint8Array(48));
    expect(warpingError(frame, { ...next, data: next.data.map(() => 0) }, forward, none)).toBe(0);
    expect(() => warpingError(frame, next, forward, raster(4, 12, 1, new Uint8Array(48)))).toThrow(/mask/);
  });
});
