import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetadata } from '../../src/nets/metadata.js';
import { makeTrainingData } from '../fixtures/training-data.js';
import { runCli } from './run-cli.js';

describe('vidstyle train style', () => {
  it('trains, stops at Ctrl-C with a checkpoint, resumes, and exports', async () => {
    const { root, photos, vgg16, pictures } = await makeTrainingData();
    const output = join(root, 'mine.onnx');
    const common = [...pictures, '--photos', photos, '--vgg16', vgg16, '--recipe', 'fast', '--size', '32', '--output', output]; // prettier-ignore
    const stopped = await runCli(['train', 'style', ...common, '--steps', '100000'], /step \d+\/100000/);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('go on with --resume');
    expect(existsSync(output)).toBe(false);

    const twice = await runCli(['train', 'style', ...common]);
    expect({ code: twice.code, stderr: twice.stderr }).toEqual({ code: 2, stderr: expect.stringContaining('holds a training already') }); // prettier-ignore

    const young = join(root, 'young.onnx');
    expect((await runCli(['train', 'export', join(root, 'mine-training'), young])).code).toBe(0);
    expect(existsSync(young)).toBe(true);

    const done = await runCli(['train', 'style', ...common, '--resume', '--steps', '1']);
    expect({ code: done.code, wrote: done.stderr.includes(`Wrote ${output}`) }).toEqual({
      code: 0,
      wrote: true,
    });
  });

  it('says what belongs together and what is missing', async () => {
    const alone = await runCli(['train', 'style', '--add-style', 'a.jpg', '--photos', 'p']);
    expect({ code: alone.code, said: alone.stderr }).toEqual({ code: 2, said: expect.stringContaining('belong together') }); // prettier-ignore
    const none = await runCli(['train', 'style', '--photos', 'p']);
    expect({ code: none.code, said: none.stderr }).toEqual({ code: 2, said: expect.stringContaining('Name a style picture') }); // prettier-ignore
    const shape = await runCli(['train', 'sr', '--recipe', 'srcnn', '--blocks', '3', '--photos', 'p']);
    expect({ code: shape.code, said: shape.stderr }).toEqual({ code: 2, said: expect.stringContaining('--blocks') }); // prettier-ignore
  });
});

it('vidstyle train sr trains the scale and the loss that it is told', async () => {
  const { root, photos } = await makeTrainingData();
  const output = join(root, 'triple.onnx');
  const shape = ['--recipe', 'fast', '--width', '4', '--blocks', '1', '--patch', '24', '--batch', '2'];
  const told = ['--scale', '3', '--loss', 'pixel', '--steps', '2', '--photos', photos, '--output', output];
  const { code, stderr } = await runCli(['train', 'sr', ...shape, ...told]);
  expect({ code, wrote: stderr.includes(`Wrote ${output}`) }).toEqual({ code: 0, wrote: true });
  expect(readMetadata(await readFile(output))).toMatchObject({
    kind: 'sr',
    scale: 3,
    recipe: { step: 2, patch: 24, objective: { absolute: 1, squared: 0, feature: 0 } },
  });
});
