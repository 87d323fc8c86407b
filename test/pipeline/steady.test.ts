import { describe, expect, it } from '@jest/globals';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { mulberry32 } from '../../src/nets/weights.js';
import { SteadyFilter } from '../../src/pipeline/steady-filter.js';
import { steadySource } from '../../src/pipeline/steady-source.js';
import { FakeSource } from '../fixtures/fake-media.js';
import { makePhotograph } from '../fixtures/photograph.js';

const geometry: FrameGeometry = { width: 24, height: 18, format: 'rgb8' };
const scene = makePhotograph(geometry.width, geometry.height).map((value) => 30 + 0.75 * value);

/** Noise of about this standard deviation, of 255. */
function noisy(picture: Uint8Array, deviation: number, seed: number): Uint8Array {
  const random = mulberry32(seed);
  const dice = (): number => random() + random() + random() + random() - 2;
  return picture.map((value) => Math.round(value + dice() * Math.sqrt(3) * deviation));
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;
}

describe('a steady picture', () => {
  it('has little left of the noise of what stands still', () => {
    const filter = new SteadyFilter(geometry);
    const frames = Array.from({ length: 20 }, (_, i) => noisy(scene, 4, i + 1));
    const before = meanDifference(frames[19] ?? scene, frames[18] ?? scene);
    for (const frame of frames) filter.apply(frame);
    expect(meanDifference(frames[19] ?? scene, frames[18] ?? scene)).toBeLessThan(before / 4);
    expect(meanDifference(frames[19] ?? scene, scene)).toBeLessThan(1.5);
  });

  it('is the first frame as it is, and any other that differs enough', () => {
    const filter = new SteadyFilter(geometry);
    for (const picture of [scene, scene.map((value) => 255 - value), noisy(scene, 60, 1)]) {
      const frame = picture.slice();
      filter.apply(frame);
      expect(frame).toEqual(picture);
    }
  });

  it('moves where something moves, and stays where nothing does', () => {
    const filter = new SteadyFilter(geometry);
    filter.apply(noisy(scene, 3, 1));
    const second = noisy(scene, 3, 2);
    for (let y = 0; y < 8; y += 1) second.fill(250, (y * 24 + 12) * 3, (y * 24 + 20) * 3);
    const filtered = second.slice();
    filter.apply(filtered);
    const at = (x: number, y: number): number[] => [0, 1, 2].map((channel) => (y * 24 + x) * 3 + channel);
    for (const i of at(16, 3)) expect(filtered[i]).toBe(250);
    const still = at(3, 14);
    expect(still.some((i) => filtered[i] !== second[i])).toBe(true);
  });

  it('looks at what is around each pixel, at the borders too', () => {
    const odd: FrameGeometry = { width: 7, height: 4, format: 'rgb8' };
    const [first, second] = [makePhotograph(7, 4), makePhotograph(7, 4)];
    const random = mulberry32(5);
    second.forEach((value, i) => (second[i] = Math.min(255, value + Math.floor(16 * random()))));
    const filtered = second.slice();
    const filter = new SteadyFilter(odd);
    filter.apply(first.slice());
    filter.apply(filtered);
    for (let y = 0; y < 4; y += 1)
      for (let x = 0; x < 7; x += 1) {
        const around: number[] = [];
        for (let v = Math.max(0, y - 2); v <= Math.min(3, y + 2); v += 1)
          for (let u = Math.max(0, x - 2); u <= Math.min(6, x + 2); u += 1)
            for (let i = 3 * (v * 7 + u); i < 3 * (v * 7 + u) + 3; i += 1)
              around.push(Math.abs((second[i] ?? 0) - (first[i] ?? 0)));
        const difference = around.reduce((sum, value) => sum + value, 0) / around.length;
        const share = 0.88 * Math.min(1, Math.max(0, (10 - difference) / 5));
        for (let i = 3 * (y * 7 + x); i < 3 * (y * 7 + x) + 3; i += 1) {
          const [now = 0, then = 0] = [second[i], first[i]];
          expect(Math.abs((filtered[i] ?? NaN) - (now + share * (then - now)))).toBeLessThan(0.51);
        }
      }
  });

  it('is the same in 16 bits', () => {
    const filters = [new SteadyFilter(geometry), new SteadyFilter({ ...geometry, format: 'rgb16' })];
    for (let seed = 1; seed < 5; seed += 1) {
      const frame = noisy(scene, 4, seed);
      const deep = Uint16Array.from(frame, (value) => value * 257);
      filters[0]?.apply(frame);
      filters[1]?.apply(new Uint8Array(deep.buffer));
      deep.forEach((value, i) => {
        expect(Math.abs(value / 257 - (frame[i] ?? NaN))).toBeLessThan(0.51);
      });
    }
  });
});

describe('a steady source', () => {
  it('hands the frames on, with their times, each held by those before it, and closes what is below', async () => {
    const below = new FakeSource(4);
    const source = steadySource(below);
    const pixels = new Uint8Array(frameBytes(source.geometry));
    const seen: [number, bigint, number][] = [];
    for await (const frame of source.frames()) {
      frame.read(pixels);
      frame.close();
      seen.push([frame.index, frame.ptsTicks, pixels[0] ?? NaN]);
    }
    await source.close();
    expect(source.frameCountEstimate).toBe(4);
    // Frames of 0, 1, 2 and 3 differ by no more than noise: 1 − 0.88 of each step is seen.
    expect(seen).toEqual([
      [0, 0n, 0],
      [1, 512n, 0],
      [2, 1024n, 0],
      [3, 1536n, 1],
    ]);
    expect(below.closed).toBe(1);
  });
});
