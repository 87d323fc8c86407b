import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { machineKey, recall, remember } from '../../src/engines/remembered.js';

describe('what was measured', () => {
  it('is kept by its facts, and not mistaken for others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-measured-'));
    const [small, large] = [machineKey({ width: 640 }), machineKey({ width: 1280 })];
    await remember(small, 'openvino', folder);
    await remember(large, 'onnxruntime', folder);
    await remember(small, 'tfjs', folder);
    expect(await recall(small, folder)).toBe('tfjs');
    expect(await recall(large, folder)).toBe('onnxruntime');
    expect(await recall(machineKey({ width: 320 }), folder)).toBeUndefined();
  });

  it('is nothing where the file is damaged or holds something else, and is kept anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vidstyle-measured-'));
    for (const damaged of ['{"a": "b', '[1, 2]', 'null', '{"a": 7}']) {
      await writeFile(join(folder, 'measured.json'), damaged);
      expect(await recall('a', folder)).toBeUndefined();
    }
    await remember('a', 'b', folder);
    expect(JSON.parse(await readFile(join(folder, 'measured.json'), 'utf8'))).toEqual({ a: 'b' });
  });

  it('is no error where the folder cannot be written', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'vidstyle-measured-')), 'file');
    await writeFile(file, '');
    await expect(remember('a', 'b', join(file, 'below'))).resolves.toBeUndefined();
  });
});
