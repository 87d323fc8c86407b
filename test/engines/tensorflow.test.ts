import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

const { VIDSTYLE_CACHE: usualCache } = process.env;
let cache = '';

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'vidstyle-tensorflow-'));
  process.env['VIDSTYLE_CACHE'] = cache;
  jest.resetModules();
});

afterEach(() => {
  delete process.env['VIDSTYLE_CACHE'];
  Object.assign(process.env, usualCache !== undefined && { VIDSTYLE_CACHE: usualCache });
});

/** Sets up a package that does nothing but tell its name. */
async function setUp(name: string): Promise<void> {
  const folder = join(cache, 'training', 'node_modules', '@tensorflow', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.js'), `module.exports = { name: '${name}' };`);
}

async function load(gpu?: boolean): Promise<unknown> {
  const { loadTensorFlow } = await import('../../src/engines/tfjs.js');
  return loadTensorFlow(gpu === undefined ? {} : { gpu });
}

describe('TensorFlow', () => {
  it('is the package that was asked for, where both are there', async () => {
    for (const [gpu, name] of [
      [undefined, 'tfjs-node-gpu'],
      [true, 'tfjs-node-gpu'],
      [false, 'tfjs-node'],
    ] as const) {
      await setUp('tfjs-node');
      await setUp('tfjs-node-gpu');
      expect(await load(gpu)).toEqual({ name });
      expect(await load()).toEqual({ name }); // a thread has one of them
      jest.resetModules();
    }
  });

  it('for CPUs does not pass for the one for GPUs', async () => {
    await setUp('tfjs-node');
    await expect(load(true)).rejects.toMatchObject({
      code: 'setup',
      message: 'TensorFlow for GPUs is not set up: run "vidstyle setup training --gpu".',
    });
    expect(await load()).toEqual({ name: 'tfjs-node' });
    await setUp('tfjs-node-gpu');
    await expect(load(true)).rejects.toMatchObject({
      code: 'setup',
      message: 'TensorFlow for GPUs cannot be loaded beside the one for CPUs.',
    });
  });
});
