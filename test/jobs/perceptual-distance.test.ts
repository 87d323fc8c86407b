import { expect, it } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPerceptualDistance } from '../../src/jobs/perceptual-distance.js';
import { passingVgg, writeVgg } from '../fixtures/narrow-vgg.js';

it('the perceptual distance is the mean squared difference of what relu2_2 sees', async () => {
  const vgg16 = join(await mkdtemp(join(tmpdir(), 'vidstyle-distance-')), 'vgg16.safetensors');
  await writeVgg(vgg16, passingVgg());
  const distance = await openPerceptualDistance(vgg16);
  const original = { width: 4, height: 4, channels: 3, data: new Uint8Array(48).fill(200) };
  const picture = { ...original, data: original.data.slice() };
  picture.data.fill(220, 0, 3); // the one pixel that pooling takes out of its four
  picture.data.fill(190, 9, 12); // one that it does not
  // 20² in three channels of eight, at one place of four
  expect(await distance?.between(picture, original)).toBeCloseTo((3 * 20 ** 2) / (8 * 4), 3);
  expect(await distance?.between(original, original)).toBe(0);
  distance?.close();
});
