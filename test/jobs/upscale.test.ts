import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { planUpscale, upscale } from '../../src/jobs/upscale.js';
import { ownModel } from '../fixtures/own-model.js';
import { writePicture } from '../fixtures/training-data.js';
import { upscalerModel } from '../fixtures/upscaler-model.js';

let presets = '';
let root = '';

beforeAll(async () => {
  presets = await mkdtemp(join(tmpdir(), 'vidstyle-presets-'));
  root = await mkdtemp(join(tmpdir(), 'vidstyle-upscale-'));
  await writeFile(join(presets, 'upscale-x2.onnx'), upscalerModel(2));
  await writeFile(join(presets, 'upscale-x4.onnx'), upscalerModel(4));
  await writeFile(join(presets, 'upscale-x4-perceptual.onnx'), upscalerModel(4));
  await writeFile(join(presets, 'styles.onnx'), ownModel([]));
});

describe('planUpscale', () => {
  it('takes the preset of the scale and variant, ×2 and natural unless told', async () => {
    const model = async (options: Parameters<typeof planUpscale>[0]) =>
      (await planUpscale({ ...options, presets })).model;
    expect(await model({})).toBe(join(presets, 'upscale-x2.onnx'));
    expect(await model({ scale: 4 })).toBe(join(presets, 'upscale-x4.onnx'));
    expect(await model({ scale: 4, variant: 'sharp' })).toBe(join(presets, 'upscale-x4-perceptual.onnx'));
    expect(await model({ model: 'upscale-x4' })).toBe(join(presets, 'upscale-x4.onnx'));
  });

  it.each([
    [{ scale: 8 }, 'There are upscale-x2, upscale-x4-perceptual, upscale-x4.'],
    [{ scale: 2, variant: 'video' }, 'no preset for ×2, video'],
    [{ scale: 1.5 }, 'scale is 1.5'],
    [{ model: 'nowhere.onnx' }, 'no model "nowhere.onnx"'],
    [{ model: 'upscale-x2', scale: 4 }, 'enlarges 2 times, not 4'],
    [{ model: 'styles' }, 'does not enlarge'],
  ] as const)('refuses %j in a sentence', async (options, sentence) => {
    await expect(planUpscale({ ...options, presets })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(sentence) as unknown as string,
    });
  });
});

describe('upscale', () => {
  it('enlarges a picture of odd size, smaller than any network’s field too', async () => {
    const input = join(root, 'small.png');
    await writePicture(input, 13, 7, 3);
    const { output, width, height } = await upscale(input, { scale: 4, presets, threads: 1 }).done;
    expect([output, width, height]).toEqual([join(root, 'small.x4.png'), 52, 28]);
    const { data, info } = await sharp(output).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([52, 28]);
    const original = await sharp(input).raw().toBuffer();
    const mean = (bytes: Uint8Array): number => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
    expect(Math.abs(mean(data) - mean(original))).toBeLessThan(3);
  });
});
