import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { makeTrainingData, writePicture } from '../fixtures/training-data.js';
import { upscalerModel } from '../fixtures/upscaler-model.js';
import { ownModel } from '../fixtures/own-model.js';

/** What an evaluation needs, small and made up: a folder of material, presets, and a narrow loss network. */
export async function makeMaterial(): Promise<{
  root: string;
  data: string;
  presets: string;
  vgg16: string;
}> {
  const root = await mkdtemp(join(tmpdir(), 'vidstyle-evaluate-'));
  const [data, presets] = [join(root, 'data'), join(root, 'presets')];
  await mkdir(join(data, 'styles'), { recursive: true });
  await mkdir(presets);
  const { vgg16 } = await makeTrainingData(1);
  await writeFile(join(presets, 'duo.onnx'), ownModel(['mosaic', 'wave', 'identity']));
  for (const [i, name] of ['mosaic', 'wave'].entries())
    await writePicture(join(data, 'styles', `${name}.png`), 40, 32, 100 + i);
  for (const [i, name] of ['harbour', 'street'].entries())
    await writePicture(join(data, `${name}.png`), 72, 64, 1 + i);
  await mkdir(join(data, 'sr', 'Set1'), { recursive: true });
  await writePicture(join(data, 'sr', 'Set1', 'one.png'), 48, 36, 9);
  await writeFile(join(presets, 'double.onnx'), upscalerModel(2));
  await mkdir(join(data, 'clips'));
  await makeClip(join(data, 'clips', 'clip.mp4'), { width: 96, height: 64, times: evenTimes(4) });
  await rename(vgg16, join(root, 'vgg16.safetensors'));
  return { root, data, presets, vgg16: join(root, 'vgg16.safetensors') };
}
