import { describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findStyles } from '../../src/evaluate/styles.js';
import { makePresets } from '../fixtures/presets.js';
import { ownModel } from '../fixtures/own-model.js';

async function folderOf(...pictures: string[]): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'vidstyle-styles-')), 'styles');
  await mkdir(folder);
  for (const picture of pictures) await writeFile(join(folder, picture), '');
  return folder;
}

describe('styles to evaluate', () => {
  it('are those of the presets whose pictures are there', async () => {
    const styles = await findStyles(await folderOf('wave.jpg', 'mosaic.png', 'other.jpg'), {
      presets: await makePresets(),
    });
    expect(styles.map(({ label, picture, weights }) => [label, basename(picture), weights])).toEqual([
      ['mosaic', 'mosaic.png', [1, 0, 0, 0]],
      ['wave', 'wave.jpg', [0, 1, 0, 0]],
    ]);
    expect(styles[0]?.choice).toMatch(/trio\.onnx:mosaic$/);
  });

  it('share the picture of their name up to a hyphen', async () => {
    const presets = await makePresets();
    await writeFile(join(presets, 'mosaic-hq.onnx'), ownModel([]));
    const styles = await findStyles(await folderOf('mosaic.png'), { presets });
    expect(styles.map(({ label, picture }) => [label, basename(picture)])).toEqual([['mosaic-hq', 'mosaic.png'], ['mosaic', 'mosaic.png']]); // prettier-ignore
  });

  it('name their network where several have them', async () => {
    const presets = await makePresets();
    const models = ['one', 'two'].map((name) => join(presets, `${name}.onnx`));
    for (const model of models) await writeFile(model, ownModel(['mosaic', 'identity', 'rain']));
    const styles = await findStyles(await folderOf('mosaic.png'), { models });
    expect(styles.map(({ label }) => label)).toEqual(['mosaic (one)', 'mosaic (two)']);
  });

  it('must be there, with their pictures, if they are named', async () => {
    const [folder, presets] = [await folderOf('mosaic.png'), await makePresets()];
    await expect(findStyles(folder, { presets, names: ['fog'] })).rejects.toThrow('There is no style "fog"');
    await expect(findStyles(folder, { presets, names: ['wave'] })).rejects.toThrow(
      'no picture of the style "wave"',
    );
    await expect(findStyles(await folderOf(), { presets })).rejects.toMatchObject({ code: 'input' });
  });
});
