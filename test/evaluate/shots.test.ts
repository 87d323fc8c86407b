import { describe, expect, it } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filmShots, readShot, unsteadiness } from '../../src/evaluate/shots.js';
import { makeClip } from '../fixtures/clips.js';
import { writePicture } from '../fixtures/training-data.js';

describe('shots', () => {
  it('of a camera are steady as they are, but for noise', async () => {
    const photo = join(await mkdtemp(join(tmpdir(), 'vidstyle-shots-')), 'photo.png');
    await writePicture(photo, 200, 150, 4);
    const shots = await filmShots(photo, { size: 96, frames: 3 });
    expect(shots.map(({ name }) => name)).toEqual(['still, noisy', 'pan', 'zoom', 'rotation']);
    const [still, ...moving] = shots.map((shot) => unsteadiness(shot.frames, shot));
    // Two frames of independent noise differ by 2σ² in the mean square: σ = 4 of 255, less what is clipped, plus rounding.
    expect(still).toBeGreaterThan((0.9 * 2 * 4 ** 2) / 255 ** 2);
    expect(still).toBeLessThan((1.1 * (2 * 4 ** 2 + 2 / 12)) / 255 ** 2);
    for (const error of moving) expect(error).toBeLessThan(still ?? 0);
  });

  it('show flicker, whatever moves: its square on the 0..1 scale', async () => {
    const photo = join(await mkdtemp(join(tmpdir(), 'vidstyle-shots-')), 'photo.png');
    await writePicture(photo, 200, 150, 4);
    const pan = (await filmShots(photo, { size: 96, frames: 3 })).find(({ name }) => name === 'pan');
    if (!pan) throw new Error('there is a pan');
    const grey = pan.frames.map((frame, i) => ({ ...frame, data: frame.data.map(() => 100 + 51 * (i % 2)) }));
    expect(unsteadiness(grey, pan)).toBeCloseTo(0.2 ** 2, 6);
  });

  it('of a clip have its first frames, of the size wanted', async () => {
    const clip = join(await mkdtemp(join(tmpdir(), 'vidstyle-shots-')), 'clip.mp4');
    await makeClip(clip, { width: 128, height: 96 });
    const shot = await readShot(clip, { size: 48, frames: 3 });
    expect(shot.frames.map(({ width, height }) => [width, height])).toEqual([[64, 48], [64, 48], [64, 48]]); // prettier-ignore
    expect(shot.flows).toHaveLength(2);
    expect(shot.visible).toHaveLength(2);
    expect(shot.name).toBe('clip.mp4');
  });
});
