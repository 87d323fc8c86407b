import { describe, expect, it } from '@jest/globals';
import type { ImageModel } from '../../src/engines/image-model.js';
import { isTiled, planFrame, smallerPlan } from '../../src/engines/frame-plan.js';
import { tileAxis, tileFades } from '../../src/engines/tiles.js';

describe('tileAxis', () => {
  it('takes one tile where that suffices', () => {
    expect(tileAxis(64, 64, 16, 4)).toEqual({ length: 64, starts: [0] });
    expect(tileAxis(50, 64, 16, 4)).toEqual({ length: 64, starts: [0] });
  });

  it('covers the axis to its end, with the overlap asked for or more, on the grid', () => {
    for (let size = 65; size < 400; size += 3) {
      for (const [tile, overlap, step] of [
        [64, 16, 1],
        [64, 32, 4],
        [40, 20, 8],
      ] as const) {
        const padded = Math.ceil(size / step) * step;
        const { starts } = tileAxis(padded, tile, overlap, step);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)).toBe(padded - tile);
        const shared = starts.slice(1).map((start, i) => (starts[i] ?? 0) + tile - start);
        expect(Math.min(...shared)).toBeGreaterThanOrEqual(overlap);
        expect(starts.every((start) => start % step === 0)).toBe(true);
      }
    }
  });
});

describe('tileFades', () => {
  it('hides three eighths of the overlap and fades over the quarter that follows', () => {
    const [first, second] = tileFades({ length: 16, starts: [0, 8] }, 1);
    expect([...(first ?? [])]).toEqual(Array.from({ length: 16 }, () => 1));
    expect([...(second ?? [])].slice(0, 6)).toEqual([0, 0, 0, 0.25, 0.75, 1]);
  });

  it('counts in output pixels', () => {
    const [, second] = tileFades({ length: 16, starts: [0, 8] }, 2);
    expect(second?.length).toBe(32);
    expect([...(second ?? [])].slice(5, 11)).toEqual([0, 0.125, 0.375, 0.625, 0.875, 1]);
  });
});

describe('planFrame', () => {
  const picture = { name: 'x', type: 'float32', layout: 'nchw', channels: 3, rank: 4, batch: 1 } as const;
  const free: ImageModel = {
    bytes: new Uint8Array(),
    input: { ...picture, height: 'h', width: 'w' },
    output: { ...picture, height: 'h', width: 'w' },
    inputFormat: { ...picture, range: '0..1' },
    outputFormat: { ...picture, range: '0..1' },
    scale: 1,
    margin: 0,
    multiple: 4,
    minimumSize: 16,
    defaultTile: Infinity,
    constants: {},
    styles: 0,
    notices: [],
  };
  const frame = { width: 1919, height: 1079, format: 'rgb8' } as const;

  it('takes whole frames, padded to the multiple and the smallest size', () => {
    expect(planFrame(free, frame).tile).toEqual({ width: 1920, height: 1080 });
    expect(planFrame(free, { ...frame, width: 5, height: 7 }).tile).toEqual({ width: 16, height: 16 });
  });

  it('takes the model’s tiles for larger frames only', () => {
    const enlarging = { ...free, defaultTile: 512 };
    expect(planFrame(enlarging, frame).tile).toEqual({ width: 512, height: 512 });
    expect(isTiled(planFrame(enlarging, { ...frame, width: 500, height: 300 }))).toBe(false);
    expect(isTiled(planFrame(enlarging, frame, { tile: Infinity }))).toBe(false);
  });

  it('halves the longer side until tiles are too small to be of use', () => {
    const sizes: string[] = [];
    for (
      let plan = smallerPlan(planFrame(free, frame), free, frame);
      plan;
      plan = smallerPlan(plan, free, frame)
    ) {
      sizes.push(`${plan.tile.width}×${plan.tile.height}`);
    }
    expect(sizes.slice(0, 3)).toEqual(['960×1080', '960×540', '480×540']);
    expect(sizes.length).toBeLessThan(12);
    expect(sizes.at(-1)).toMatch(/^(64|68|72|120)×(64|68|72|120)$/);
  });

  it('counts the border that the network cuts off to the multiple and to a fixed size', () => {
    const cutting = { ...free, margin: 7 };
    expect(planFrame(cutting, frame).tile).toEqual({ width: 1922, height: 1082 }); // sees 1936 × 1096
    const fixed = { ...cutting, input: { ...free.input, height: 256, width: 256 } };
    expect(planFrame(fixed, frame).tile).toEqual({ width: 242, height: 242 });
  });

  it('cannot shrink a fixed size', () => {
    const fixed = { ...free, input: { ...free.input, height: 256, width: 256 } };
    expect(planFrame(fixed, frame).tile).toEqual({ width: 256, height: 256 });
    expect(smallerPlan(planFrame(fixed, frame), fixed, frame)).toBeUndefined();
  });
});
