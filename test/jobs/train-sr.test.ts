import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { trainSrJob } from '../../src/jobs/train-sr.js';
import { upscale } from '../../src/jobs/upscale.js';
import { readMetadata } from '../../src/nets/metadata.js';
import { srRecipes } from '../../src/training/sr-recipes.js';
import { makeTrainingData, writePicture } from '../fixtures/training-data.js';

loadTensorFlow();

const recipe = {
  ...srRecipes.fast,
  network: { family: 'ecbsr', options: { width: 4, blocks: 1 } },
  patch: 24,
  batch: 2,
  steps: 10,
} as const;

describe('trainSrJob', () => {
  it('writes a model that says what made it and that enlarges, and a diary beside it', async () => {
    const data = await makeTrainingData();
    const output = join(data.root, 'double.onnx');
    const options = { photos: data.photos, folder: data.folder, output, recipe, scale: 2 } as const;
    const report = await trainSrJob({ ...options, checkpointEvery: 10, sampleEvery: 10 });
    expect(report).toMatchObject({ output, steps: 10 });
    expect(readMetadata(await readFile(output))).toMatchObject({
      kind: 'sr',
      scale: 2,
      name: 'upscale-x2',
      recipe: { steps: 10, step: 10, objective: { absolute: 1 } },
    });
    const sample = sharp(join(data.folder, 'samples', 'step-000010.png'));
    expect((await sample.metadata()).width).toBe(3 * 306); // bicubic, result, original: 48×40 scaled to 307×256, cut to even

    expect(await readdir(data.folder)).toEqual(expect.arrayContaining(['curves.png', 'losses.csv']));
    const small = join(data.root, 'small.png');
    await writePicture(small, 20, 10, 1);
    expect(await upscale(small, { model: output }).done).toMatchObject({ width: 40, height: 20 });
  });

  it('starts from a model of another scale, and refuses a style', async () => {
    const data = await makeTrainingData();
    const folders = { photos: data.photos, folder: data.folder, recipe: { ...recipe, steps: 1 } };
    const double = join(data.root, 'double.onnx');
    await trainSrJob({ ...folders, output: double, scale: 2 });
    const triple = join(data.root, 'triple.onnx');
    const report = await trainSrJob({ ...folders, output: triple, scale: 3, from: double });
    expect(readMetadata(await readFile(report.output))?.scale).toBe(3);
    await expect(
      trainSrJob({ ...folders, output: triple, scale: 3, from: data.photos }),
    ).rejects.toMatchObject({ code: 'model' });
  });
});
