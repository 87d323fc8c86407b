import { maxSample, type Samples } from './pixels.js';

/** Two ways of running a network agree when their pictures are at least as close as this, in decibels of PSNR. */
export const agreementDecibels = 40;

/** Peak signal-to-noise ratio of two pictures of one depth in decibels: infinite where they are the same, 0 where their sizes differ. */
export function pictureLikeness(a: Samples, b: Samples): number {
  if (a.length !== b.length) return 0;
  const white = maxSample(a instanceof Uint16Array ? 'rgb16' : 'rgb8');
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10(white ** 2 / (sum / a.length));
}
