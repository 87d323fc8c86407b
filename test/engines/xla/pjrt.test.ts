import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import koffi from 'koffi';
import { loadForTraining } from '../../../src/engines/tfjs.js';
import { PjrtDevice } from '../../../src/engines/xla/pjrt.js';
import { findPlugin, pluginVariable } from '../../../src/engines/xla/plugin-places.js';

let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-pjrt-'));
  plugin = join(folder, 'plugin.so');
  execFileSync('g++', ['-shared', '-fPIC', '-o', plugin, resolve('test/engines/xla/plugin.cpp')]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('data goes to the device, through a program and back, and is freed', () => {
  const alive = koffi.load(plugin).func('int BuffersAlive()') as () => number;
  const device = new PjrtDevice(koffi, plugin);
  expect(device.name).toBe('a device in a test');
  const data = Float32Array.from({ length: 3 << 20 }, (_, i) => i); // more than the staging memory holds at first
  const input = device.upload(data, 'f32', [3, 1 << 20]);
  const other = device.upload(Int32Array.of(7), 'i32', [1]);
  const run = device.compile('2', 2);
  for (let round = 0; round < 3; round++) {
    const results = run(round === 1 ? [input] : [input, other]);
    expect(results).toHaveLength(2);
    for (const result of results) {
      const back = device.download(result, 'f32', data.length);
      expect(Buffer.compare(new Uint8Array(back.buffer), new Uint8Array(data.buffer))).toBe(0);
      device.free(result);
    }
  }
  expect(device.download(other, 'i32', 1)).toEqual(Int32Array.of(7));
  device.free(input);
  device.free(other);
  expect(alive()).toBe(0);
});

test('the plugin’s reason is told in a line', () => {
  const device = new PjrtDevice(koffi, plugin);
  expect(() => device.compile('nonsense', 1)).toThrow(
    'The accelerator cannot compile the program: error: nonsense',
  );
});

test('a file that is no plugin is a sentence', async () => {
  const file = join(folder, 'none.so');
  await writeFile(file, 'no library');
  await expect(loadForTraining({ xla: file })).rejects.toMatchObject({ code: 'setup' });
  await expect(loadForTraining({ xla: file })).rejects.toThrow(`"${file}" cannot be loaded as a PJRT plugin`);
});

test('the option comes before the variable; without a plugin it is said what brings one', async () => {
  const env = { ...process.env, [pluginVariable]: '/by/variable.so' };
  await expect(findPlugin('/by/option.so', env)).resolves.toMatchObject({ file: '/by/option.so' });
  await expect(findPlugin(undefined, env)).resolves.toMatchObject({ file: '/by/variable.so' });
  await expect(findPlugin(undefined, {})).rejects.toThrow('pip install "jax[cuda13]"');
});
