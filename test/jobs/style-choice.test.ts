import { beforeAll, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadPresets, stylesOf } from '../../src/jobs/presets.js';
import { chooseStyle } from '../../src/jobs/style-choice.js';
import { makePresets } from '../fixtures/presets.js';

let presets: string;

beforeAll(async () => {
  presets = await makePresets();
});

describe('stylesOf', () => {
  it('lists the rows of networks of several styles, and networks of one style by their file’s name', async () => {
    const names = stylesOf(await loadPresets(presets)).map(({ name }) => name);
    expect(names).toEqual(['duo', 'solo', 'mosaic', 'wave', 'candy']);
  });

  it('is empty where there is no folder', async () => {
    expect(await loadPresets(join(presets, 'nowhere'))).toEqual([]);
  });
});

describe('chooseStyle', () => {
  const choose = (text: string, strength?: number) => chooseStyle(text, strength, presets);

  it('gives one style all the weight', async () => {
    const { model, weights, pixelStrength } = await choose('wave');
    expect({ model, weights, pixelStrength }).toEqual({
      model: join(presets, 'trio.onnx'),
      weights: [0, 1, 0, 0],
      pixelStrength: 1,
    });
  });

  it('blends by weights of any sum', async () => {
    const { weights, label } = await choose('mosaic:3, candy:1');
    expect(weights).toEqual([0.75, 0, 0.25, 0]);
    expect(label).toBe('mosaic+candy');
  });

  it('gives what strength leaves over to the identity', async () => {
    const { weights, pixelStrength } = await choose('mosaic,wave', 0.5);
    expect(weights).toEqual([0.25, 0.25, 0, 0.5]);
    expect(pixelStrength).toBe(1);
    expect((await choose('duo', 0.25)).weights).toEqual([0.25, 0.75]);
  });

  it('fades the pixels in as well where the identity takes most', async () => {
    const strengths = [1, 0.5, 0.25, 0];
    const shown = await Promise.all(
      strengths.map(async (each) => (await choose('mosaic', each)).pixelStrength),
    );
    expect(shown).toEqual([1, 1, 0.5, 0]);
  });

  it('leaves strength to the pixels where a network knows no identity', async () => {
    const { weights, pixelStrength } = await choose('solo', 0.25);
    expect({ weights, pixelStrength }).toEqual({ weights: undefined, pixelStrength: 0.25 });
  });

  it('takes a style out of a file', async () => {
    expect((await choose(`${join(presets, 'trio.onnx')}:candy`)).weights).toEqual([0, 0, 1, 0]);
    expect((await choose(join(presets, 'duo.onnx'))).weights).toEqual([1, 0]);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    [
      'mosiac',
      /^There is no style "mosiac"\. Did you mean "mosaic"\? Known are duo, solo, mosaic, wave, candy\.$/,
    ],
    ['Wave', /Did you mean "wave"\?/],
    ['xyzzyplugh', /^There is no style "xyzzyplugh"\. Known are/],
    ['mosaic,duo', /"mosaic" and "duo" are of different networks and cannot be blended/],
    ['mosaic:much', /"mosaic:much" is no style with a weight/],
    ['mosaic:0', /no style with a weight/],
    ['mosaic,', /no style with a weight/],
    ['nowhere.jpg', /There is no picture "nowhere\.jpg"/],
    ['nowhere.onnx', /There is no model file "nowhere\.onnx"/],
  ];

  it.each(refused)('refuses %s in one sentence', async (text, sentence) => {
    await expect(choose(text)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(sentence),
    });
  });

  it('asks which style of a file of several', async () => {
    await expect(choose(join(presets, 'trio.onnx'))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/holds several styles.*It has mosaic, wave, candy\./),
    });
  });

  it('names the file that is no model', async () => {
    const path = join(presets, 'none.onnx');
    await writeFile(path, 'nothing of the kind');
    await expect(choose(path)).rejects.toMatchObject({
      code: 'model',
      message: expect.stringContaining(path),
    });
  });
});
