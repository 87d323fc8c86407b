import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { matchHistogram } from '../../src/metrics/histogram.js';
import type { Raster } from '../../src/metrics/raster.js';
import { fixtureModel } from '../fixtures/onnx-models.js';
import { writePicture } from '../fixtures/training-data.js';
import { upscalerModel } from '../fixtures/upscaler-model.js';
import { runCli } from './run-cli.js';

let root: string;
let photo: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vidstyle-cli-upscale-'));
  photo = join(root, 'photo.png');
  await writePicture(photo, 20, 15, 1);
});

describe('vidstyle upscale', () => {
  it.each([
    [[], 'photo.x2.png', 2],
    [['--scale', '3'], 'photo.x3.png', 3],
    [['--scale', '4', '--variant', 'sharp'], 'photo.x4-sharp.png', 4],
    [['--model', 'upscale-x4'], 'photo.upscale-x4.png', 4],
  ])('%j names the result and enlarges', async (flags, name, scale) => {
    const { code, stdout, stderr } = await runCli(['upscale', photo, ...flags, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const size = { width: 20 * scale, height: 15 * scale };
    expect(JSON.parse(stdout)).toMatchObject({ output: join(root, name), ...size });
  });

  it('gives the result the colours of its input with --match-histogram', async () => {
    const [plain, matched] = [join(root, 'plain.png'), join(root, 'matched.png')];
    await runCli(['upscale', photo, plain]);
    await runCli(['upscale', photo, matched, '--match-histogram']);
    const expected = matchHistogram(await pixelsOf(plain), await pixelsOf(photo));
    expect(await pixelsOf(matched)).toEqual(expected);
    expect(await pixelsOf(plain)).not.toEqual(expected);
  });

  it('takes models of its own and of other origin from files', async () => {
    const [own, foreign] = [join(root, 'own.onnx'), join(root, 'foreign.onnx')];
    await writeFile(own, upscalerModel(3));
    await writeFile(foreign, fixtureModel({ effect: 'double' }));
    const result = join(root, 'result.png');
    for (const [model, scale] of [
      [own, 3],
      [foreign, 2],
    ] as const) {
      // prettier-ignore
      const { stdout } = await runCli(['upscale', photo, result, '--model', model, '--overwrite', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ output: result, width: 20 * scale, height: 15 * scale });
    }
  });

  it.each([
    [['--scale', '5'], /^vidstyle: There is no preset for ×5, natural\. There are .*upscale-x2, .*\n$/],
    [['--scale', '3', '--model', 'upscale-x2'], /enlarges 2 times, not 3 times/],
    [['--variant', 'blurry'], /natural, sharp, video/],
    [['--scale', 'much'], /--scale/],
    [['--model', 'mosaic'], /no model "mosaic"|does not enlarge/],
  ])('%j is refused in a sentence, and nothing is written', async (flags, sentence) => {
    const before = await readdir(root);
    const { code, stderr } = await runCli(['upscale', photo, join(root, 'never.png'), ...flags]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(sentence) });
    expect(await readdir(root)).toEqual(before);
  });
});

async function pixelsOf(path: string): Promise<Raster<Uint8Array>> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: Uint8Array.from(data) };
}
