import { describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { evaluateSr } from '../../src/jobs/evaluate-sr.js';
import { findSrSets, readSrPicture } from '../../src/jobs/sr-pictures.js';
import { resizeBicubic } from '../../src/metrics/bicubic.js';
import { cropBorder } from '../../src/metrics/crop.js';
import { matchHistogram } from '../../src/metrics/histogram.js';
import { rgbToY } from '../../src/metrics/luma.js';
import { psnr } from '../../src/metrics/psnr.js';
import { toFloat } from '../../src/metrics/raster.js';
import { runCli } from '../cli/run-cli.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { upscalerModel } from '../fixtures/upscaler-model.js';
import { makeTrainingData, writePicture } from '../fixtures/training-data.js';

describe('evaluateSr', () => {
  it('scores bicubic enlargement as the literature does: on luma, without borders', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    await writePicture(join(root, 'one.png'), 49, 42, 1);
    const [row] = await evaluateSr({ data: root, scale: 2, presets: false });
    const high = { width: 49, height: 42, channels: 3, data: makePhotograph(49, 42, 1) };
    const even = { width: 48, height: 42, channels: 3, data: withoutLastColumn(high.data, 49) };
    const result = resizeBicubic(resizeBicubic(even, 1 / 2), 2);
    const luma = (picture: typeof even) => rgbToY(cropBorder(toFloat(picture), 2));
    expect(row?.psnrY).toBeCloseTo(psnr(luma(result), luma(even)), 6);
    expect(row).toMatchObject({ method: 'bicubic' });
    expect(row?.ssimY).toBeLessThan(1);
  });

  it('scores a model beside it, with the perceptual distance where VGG16 is given', async () => {
    const { root, vgg16 } = await makeTrainingData(1);
    const data = join(root, 'test');
    await mkdir(data);
    await writePicture(join(data, 'one.png'), 48, 40, 1);
    const model = join(root, 'nearest.onnx');
    await writeFile(model, upscalerModel(2));
    const rows = await evaluateSr({ data, scale: 2, presets: false, models: [model], vgg16 });
    expect(rows.map(({ set, method }) => [set, method])).toEqual([['test', 'bicubic'], ['test', 'nearest']]); // prettier-ignore
    const [bicubic, nearest] = rows;
    expect(nearest?.psnrY).toBeLessThan(bicubic?.psnrY ?? 0); // the model only repeats pixels
    expect(nearest?.psnrY).toBeGreaterThan(15);
    expect(nearest?.perceptual).toBeGreaterThan(bicubic?.perceptual ?? Infinity);
    expect(nearest?.msPerPicture).toBeGreaterThan(0);
  });

  it('scores the presets of the scale, and others’ networks that were trained to compare with', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    const presets = join(root, 'presets');
    await mkdir(join(presets, 'comparison'), { recursive: true });
    await mkdir(join(root, 'test'));
    await writePicture(join(root, 'test', 'one.png'), 48, 42, 1);
    await writeFile(join(presets, 'ours.onnx'), upscalerModel(2));
    await writeFile(join(presets, 'of-another-scale.onnx'), upscalerModel(4));
    await writeFile(join(presets, 'comparison', 'theirs.onnx'), upscalerModel(2));
    const rows = await evaluateSr({ data: join(root, 'test'), scale: 2, presetsFolder: presets });
    expect(rows.map(({ method }) => method)).toEqual(['bicubic', 'ours', 'theirs']);
  });

  it('matches the histogram of each result to that of its input when told', async () => {
    const { root, vgg16 } = await makeTrainingData(1);
    const data = join(root, 'test');
    await mkdir(data);
    await writePicture(join(data, 'one.png'), 48, 42, 1);
    const high = { width: 48, height: 42, channels: 3, data: makePhotograph(48, 42, 1) };
    const low = resizeBicubic(high, 1 / 2);
    const matched = matchHistogram(resizeBicubic(low, 2), low);
    const luma = (picture: typeof high) => rgbToY(cropBorder(toFloat(picture), 2));
    const told = [
      'evaluate',
      'sr',
      '--data',
      data,
      '--scale',
      '2',
      '--no-presets',
      '--vgg16',
      vgg16,
      '--json',
    ];
    const [plain, processed] = [await runCli(told), await runCli([...told, '--match-histogram'])].map(
      ({ stdout }) => (JSON.parse(stdout) as { psnrY: number }[])[0]?.psnrY,
    );
    expect(processed).toBeCloseTo(psnr(luma(matched), luma(high)), 6);
    expect(processed).not.toBe(plain);
  });

  it('refuses a model of another scale', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    await writePicture(join(root, 'one.png'), 48, 40, 1);
    const model = join(root, 'double.onnx');
    await writeFile(model, upscalerModel(2));
    await expect(evaluateSr({ data: root, scale: 4, presets: false, models: [model] })).rejects.toMatchObject(
      { code: 'usage', message: expect.stringContaining('2 times, not 4') as unknown as string },
    );
  });
});

describe('test sets', () => {
  it('are pairs in folders named by scale, the sets in the order of their numbers', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    for (const set of ['Set14', 'Set5']) {
      await mkdir(join(root, set, 'x2'), { recursive: true });
      await writePicture(join(root, set, 'x2', 'a_HR.png'), 32, 24, 1);
      await writePicture(join(root, set, 'x2', 'a_LR.png'), 16, 12, 1);
    }
    const sets = await findSrSets(root, 2);
    expect(sets.map(({ name, pictures }) => [name, pictures.length])).toEqual([['Set5', 1], ['Set14', 1]]); // prettier-ignore
    expect(sets[0]?.pictures[0]?.low).toBe(join(root, 'Set5', 'x2', 'a_LR.png'));
    await expect(findSrSets(root, 4)).rejects.toMatchObject({ code: 'input' });
  });

  it('keep grey pictures grey: they are their own luma', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    const high = join(root, 'grey.png');
    const grey = makePhotograph(32, 24).filter((_, i) => i % 3 === 0);
    await sharp(grey, { raw: { width: 32, height: 24, channels: 1 } })
      .toColourspace('b-w')
      .toFile(high);
    const picture = await readSrPicture({ name: 'grey', high, low: undefined }, 2);
    expect([picture.high.channels, picture.low.channels]).toEqual([1, 1]);
  });

  it('are refused where the sides do not fit', async () => {
    const root = await mkdtemp(join(tmpdir(), 'vidstyle-sr-'));
    const [high, low] = [join(root, 'a_HR.png'), join(root, 'a_LR.png')];
    await writePicture(high, 32, 24, 1);
    await writePicture(low, 15, 12, 1);
    await expect(readSrPicture({ name: 'a', high, low }, 2)).rejects.toMatchObject({ code: 'input' });
  });
});

function withoutLastColumn(data: Uint8Array, width: number): Uint8Array {
  return data.filter((_, i) => Math.floor(i / 3) % width !== width - 1);
}
