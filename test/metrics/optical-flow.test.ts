import { describe, expect, it } from '@jest/globals';
import { filmPhotograph, type CameraMove } from '../../src/metrics/camera-move.js';
import { visibleMask, type Flow } from '../../src/metrics/flow.js';
import { estimateFlow } from '../../src/metrics/optical-flow.js';
import { warpingError } from '../../src/metrics/warping-error.js';
import type { Raster } from '../../src/metrics/raster.js';
import { makePhotograph } from '../fixtures/photograph.js';

const view = { width: 320, height: 240, frames: 2 };
const photo: Raster<Uint8Array> = { width: 400, height: 300, channels: 3, data: makePhotograph(400, 300, 3) };

function film(move: CameraMove) {
  const { frames, flows, visible } = filmPhotograph(photo, view, move);
  const [first, second] = frames;
  const [flow] = flows;
  const [mask] = visible;
  if (!first || !second || !flow || !mask) throw new Error('two frames have one flow');
  return { first, second, flow, mask };
}

const at = ({ width, data }: Flow, x: number, y: number): number[] => Array.from(data.subarray(2 * (y * width + x), 2 * (y * width + x) + 2)); // prettier-ignore

/** Mean distance of two flows' ends, pixels, over the pixels that a mask shows. */
function endPointError(a: Flow, b: Flow, mask: Raster<Uint8Array>): number {
  let [sum, count] = [0, 0];
  mask.data.forEach((isVisible, i) => {
    if (!isVisible) return;
    const [u, v] = [0, 1].map((c) => (a.data[2 * i + c] ?? 0) - (b.data[2 * i + c] ?? 0)) as [number, number];
    sum += Math.hypot(u, v);
    count += 1;
  });
  return sum / count;
}

describe('a camera over a photograph', () => {
  it('makes things move to the left when it pans to the right', () => {
    const { first, second, flow } = film({ panX: 3, panY: -2 });
    expect(at(flow, 100, 50)).toEqual([-3, 2]);
    const pixel = (picture: Raster, x: number, y: number) => picture.data[3 * (y * view.width + x)];
    expect(pixel(second, 97, 52)).toBe(pixel(first, 100, 50));
  });

  it('makes things move away from the middle when it zooms in, and against it when it turns', () => {
    // The middle is at (159.5, 119.5); 100 pixels to the right of it is (259.5, 119.5): the mean of two pixels.
    const zoomed = film({ zoom: 1.02 }).flow;
    expect((at(zoomed, 259, 119)[0] ?? 0) + (at(zoomed, 260, 119)[0] ?? 0)).toBeCloseTo(2 * 2, 4);
    const turned = film({ turn: 1 }).flow;
    // A clockwise turn of the camera moves what is on the right up: by 100·sin(1°).
    const up = ((at(turned, 259, 119)[1] ?? 0) + (at(turned, 260, 120)[1] ?? 0)) / 2;
    expect(up).toBeCloseTo(-100 * Math.sin(Math.PI / 180), 2);
  });

  it('films what its flow says', () => {
    for (const move of [{ panX: 2, panY: 1 }, { zoom: 1.01 }, { turn: 0.5 }]) {
      const { first, second, flow, mask } = film(move);
      const back = { ...flow, data: flow.data.map((value) => -value) };
      const along = warpingError(first, second, flow, mask);
      expect(along).toBeLessThan(warpingError(first, second, back, mask) / 4);
    }
  });

  it('does not leave the photograph', () => {
    expect(() => film({ panX: 60 })).toThrow('The camera leaves the photograph');
  });
});

describe('estimateFlow', () => {
  // The bound is on the mean distance from the exact flow, in pixels, where both frames see the same.
  it.each([
    ['a pan', { panX: 4.3, panY: -2.6 }],
    ['a zoom', { zoom: 1.02 }],
    ['a turn', { turn: 1 }],
  ])('finds %s', (_, move) => {
    const { first, second, flow, mask } = film(move);
    expect(endPointError(estimateFlow(first, second), flow, mask)).toBeLessThan(0.3);
  });

  it('agrees with itself there and back', () => {
    const { first, second } = film({ panX: 4, panY: 3 });
    const mask = visibleMask(estimateFlow(first, second), estimateFlow(second, first));
    const visible = mask.data.reduce((sum, value) => sum + value, 0);
    // Of 320×240 pixels 316×237 are in both frames.
    expect(visible).toBeGreaterThan(0.9 * 316 * 237);
    expect(visible).toBeLessThanOrEqual(316 * 237 * 1.01);
  });

  it('is nothing between equal frames', () => {
    const { first } = film({});
    expect(estimateFlow(first, first).data.every((value) => value === 0)).toBe(true);
  });
});
