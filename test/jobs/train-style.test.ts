import { describe, expect, it } from '@jest/globals';
import ort from 'onnxruntime-node';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadTensorFlow } from '../../src/engines/tfjs.js';
import { estimateStyleTraining, trainStyleJob } from '../../src/jobs/train-style.js';
import { optimiseJob } from '../../src/jobs/optimise.js';
import { buildNetwork } from '../../src/nets/families.js';
import { readMetadata } from '../../src/nets/metadata.js';
import { weightsFromOnnx } from '../../src/nets/onnx.js';
import { exportCheckpoint } from '../../src/training/export.js';
import { makeTrainingData, tinyRecipe } from '../fixtures/training-data.js';

loadTensorFlow();

describe('trainStyleJob', () => {
  it('writes a model that says what made it, and a diary beside it', async () => {
    const data = await makeTrainingData();
    const output = join(data.root, 'mine.onnx');
    const recipe = { ...tinyRecipe, steps: 20 };
    const report = await trainStyleJob({ ...data, recipe, output, checkpointEvery: 10, sampleEvery: 10 });
    expect(report).toMatchObject({ output, steps: 20, styles: ['dots', 'waves', 'identity'] });

    const model = await readFile(output);
    expect(readMetadata(model)).toMatchObject({
      kind: 'style',
      styles: ['dots', 'waves', 'identity'],
      recipe: { steps: 20, step: 20, rate: recipe.rate },
      licence: 'MIT',
    });
    const session = await ort.InferenceSession.create(model);
    const { result } = await session.run({
      image: new ort.Tensor('uint8', new Uint8Array(40 * 36 * 3), [1, 36, 40, 3]),
      style: new ort.Tensor('float32', Float32Array.of(0.5, 0.25, 0.25), [3]),
    });
    expect(result?.dims).toEqual([1, 36, 40, 3]);

    const csv = (await readFile(join(data.folder, 'losses.csv'), 'utf8')).trim().split('\n');
    expect(csv[0]).toBe('step,loss,value');
    expect(csv.filter((line) => line.includes(',style,')).map((line) => line.split(',')[0])).toEqual([
      '10',
      '20',
    ]);
    expect((await sharp(join(data.folder, 'curves.png')).metadata()).width).toBe(960);
    expect(await readdir(join(data.folder, 'samples'))).toEqual(['step-000010.png', 'step-000020.png']);
    expect((await readdir(join(data.folder, 'tensorboard'))).length).toBeGreaterThan(0);
  });

  it('resumes its diary without repeating steps', async () => {
    const data = await makeTrainingData();
    const output = join(data.root, 'mine.onnx');
    const run = (steps: number, resume: boolean) =>
      trainStyleJob({ ...data, recipe: { ...tinyRecipe, steps }, output, resume, checkpointEvery: 10 });
    await run(10, false);
    await run(20, true);
    const csv = await readFile(join(data.folder, 'losses.csv'), 'utf8');
    const steps = csv.split('\n').filter((line) => line.includes(',style,')).map((line) => line.split(',')[0]); // prettier-ignore
    expect(steps).toEqual(['10', '20']);
  });

  it('adds a style to a preset file', async () => {
    const data = await makeTrainingData();
    const [first = '', second = ''] = data.pictures;
    const [base, output] = [join(data.root, 'base.onnx'), join(data.root, 'more.onnx')];
    await trainStyleJob({ ...data, pictures: [first], output: base });
    await trainStyleJob({ ...data, pictures: [second], output, addTo: base, folder: join(data.root, 'add') });
    const [before, after] = [await readFile(base), await readFile(output)];
    expect(readMetadata(after)?.styles).toEqual(['dots', 'identity', 'waves']);
    const network = (model: Uint8Array) =>
      buildNetwork(readMetadata(model)?.network ?? { family: '', options: {} });
    const kernel = 'conv1/conv/kernel';
    expect(weightsFromOnnx(after, network(after)).get(kernel)).toEqual(weightsFromOnnx(before, network(before)).get(kernel)); // prettier-ignore
  });

  it('exports a checkpoint of an unfinished training', async () => {
    const data = await makeTrainingData();
    const controller = new AbortController();
    const output = join(data.root, 'mine.onnx');
    const onStep = ({ step }: { step: number }): void => {
      if (step === 4) controller.abort();
    };
    await expect(trainStyleJob({ ...data, output, signal: controller.signal, onStep })).rejects.toThrow(
      'Interrupted',
    );
    const young = join(data.root, 'young.onnx');
    await exportCheckpoint(join(data.folder, 'checkpoint.safetensors'), young, 'young');
    expect(readMetadata(await readFile(young))).toMatchObject({
      kind: 'style',
      name: 'young',
      recipe: { step: 4 },
    });
  });

  it('estimates from measured steps and leaves nothing behind', async () => {
    const data = await makeTrainingData();
    const { seconds, secondsPerStep } = await estimateStyleTraining({
      ...data,
      output: join(data.root, 'x.onnx'),
    });
    expect(secondsPerStep).toBeGreaterThan(0);
    expect(seconds).toBeCloseTo(secondsPerStep * tinyRecipe.steps, 6);
    expect((await readdir(data.root)).sort()).toEqual([
      'dots.png',
      'photos',
      'vgg16.safetensors',
      'waves.png',
    ]);
  });
});

describe('optimiseJob', () => {
  it('writes the picture and the objective of every iteration', async () => {
    const { root, photos, pictures, vgg16 } = await makeTrainingData();
    const [output, objectiveCsv] = [join(root, 'result.png'), join(root, 'objective.csv')];
    const [style = ''] = pictures;
    const photo = join(photos, '0.png');
    const objective = await optimiseJob({
      photo,
      style,
      output,
      objectiveCsv,
      vgg16,
      iterations: 5,
      size: 32,
    });
    const rows = (await readFile(objectiveCsv, 'utf8')).trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(',')[0])).toEqual(['1', '2', '3', '4', '5']);
    expect(Number(rows.at(-1)?.split(',')[1])).toBe(objective);
    expect(await sharp(output).metadata()).toMatchObject({ width: 38, height: 32 });
  });

  it('says which picture it cannot read', async () => {
    const { root, pictures, vgg16 } = await makeTrainingData(1);
    const [style = ''] = pictures;
    const options = { photo: vgg16, style, output: join(root, 'x.png'), vgg16 };
    await expect(optimiseJob(options)).rejects.toMatchObject({ code: 'input' });
  });
});
