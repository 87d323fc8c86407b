import { expect, it } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { frameBytes, openVideo } from '../../src/media/index.js';
import { makeClip } from '../fixtures/clips.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { runCli } from './run-cli.js';

// By the published pair of networks, which `vidstyle setup arbitrary` brings and scripts/test sets up. The clip is wider than
// the transforming network's 384 pixels: it goes through in tiles.
it('any picture is a style: a clip takes on its colours', async () => {
  const root = await mkdtemp(join(tmpdir(), 'vidstyle-any-picture-'));
  const clip = join(root, 'clip.mkv');
  await makeClip(clip, { width: 400, height: 96, sound: ['eng'] });
  const redOverBlue = async (name: string, tint: string): Promise<number> => {
    const [style, output] = [join(root, `${name}.jpg`), join(root, `${name}.mkv`)];
    await sharp(makePhotograph(300, 200), { raw: { width: 300, height: 200, channels: 3 } })
      .tint(tint)
      .toFile(style);
    const { code, stdout, stderr } = await runCli([clip, output, '--style', style, '--verify', '--json']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ frames: 10, width: 400, height: 96 });
    return meanRedOverBlue(output);
  };
  const [red, blue] = [await redOverBlue('red', '#ff2010'), await redOverBlue('blue', '#1020ff')];
  expect(Math.abs(await meanRedOverBlue(clip))).toBeLessThan(5); // the clip itself is grey
  expect(red).toBeGreaterThan(60);
  expect(blue).toBeLessThan(-60);
});

/** The mean of red minus blue over the first frame. */
async function meanRedOverBlue(path: string): Promise<number> {
  await using source = await openVideo(path);
  const pixels = new Uint8Array(frameBytes(source.geometry));
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    break;
  }
  const difference = pixels.reduce(
    (sum, value, i) => sum + (i % 3 === 0 ? value : i % 3 === 2 ? -value : 0),
    0,
  );
  return difference / (pixels.length / 3);
}
