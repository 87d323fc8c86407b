import { expect, it } from '@jest/globals';
import { Network } from '../../src/live/network.js';
import type { LivePicture } from '../../src/media/live-input.js';
import { mulberry32 } from '../../src/nets/weights.js';
import { makePresets } from '../fixtures/presets.js';
import { tintEngine } from './tint-engine.js';

const geometry = { width: 64, height: 48, format: 'rgb8' } as const;

/** A grey picture with a camera's noise. */
function noisyPicture(seed: number): LivePicture {
  const random = mulberry32(seed);
  return {
    ...{ timeMs: 40 * seed, width: geometry.width, height: geometry.height },
    read(into) {
      for (let i = 0; i < into.length; i += 1) into[i] = 120 + Math.round(12 * (random() - 0.5));
    },
    close: () => undefined,
  };
}

/** The mean change from the last picture but one to the last, after the network. */
async function flicker(steady: boolean): Promise<number> {
  const network = await Network.open({ style: 'mosaic', strength: 1, keepColors: false }, geometry, {
    engine: tintEngine(),
    presets: await makePresets(),
    steady,
  });
  try {
    let before = new Uint8Array();
    let last = new Uint8Array();
    for (let seed = 1; seed <= 12; seed += 1) {
      const result = await network.run(noisyPicture(seed));
      [before, last] = [last, result.pixels.slice()];
      result.release();
    }
    return last.reduce((sum, value, i) => sum + Math.abs(value - (before[i] ?? NaN)), 0) / last.length;
  } finally {
    await network.close();
  }
}

it('holds still what stands still when told', async () => {
  const [moving, held] = [await flicker(false), await flicker(true)];
  expect(moving).toBeGreaterThan(1.5);
  expect(held).toBeLessThan(moving / 3);
});
