import { expect, it } from '@jest/globals';
import { lumaScores } from '../../src/metrics/luma-scores.js';

it('scores luma without the borders', () => {
  const size = { width: 20, height: 16, channels: 3 };
  const grey = { ...size, data: new Uint8Array(20 * 16 * 3).fill(100) };
  const lighter = { ...size, data: new Uint8Array(20 * 16 * 3).fill(110) };
  lighter.data.fill(0, 0, 60); // the first row, which the border takes away
  // 10 levels of RGB are 10·219/255 of luma in limited range: 20·log10(255 / 8.588) = 29.452 dB.
  expect(lumaScores(lighter, grey, 2).psnr).toBeCloseTo(29.452, 2);
  expect(lumaScores(lighter, grey, 0).psnr).toBeLessThan(25);
  expect(lumaScores(grey, grey, 2)).toEqual({ psnr: Infinity, ssim: 1 });
});
