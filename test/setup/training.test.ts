import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isTrainingReady,
  setupTraining,
  trainingPlace,
  type TrainingSetupOptions,
} from '../../src/setup/training.js';
import { fakeMachine, pipDownloads, temporaryFolder, zipOf } from './fakes.js';

const tensorflowWheel = zipOf({
  'tensorflow/libtensorflow_cc.so.2': 'cc',
  'tensorflow/libtensorflow_framework.so.2': 'framework',
  'tensorflow/include/tensorflow/c/c_api.h': 'header',
  'tensorflow/include/absl/unused.h': 'header',
  'tensorflow_cpu-2.15.1.dist-info/LICENSE': 'Apache',
});

interface Machine {
  readonly prebuiltWorks?: boolean;
  readonly without?: readonly string[];
  readonly compilerFails?: boolean;
}

/** A Linux machine that has the programs a setup calls; each does to the folder what the real one does. */
async function linuxMachine({ prebuiltWorks = false, without = [], compilerFails = false }: Machine = {}) {
  const cache = await temporaryFolder();
  const gpu = { value: false };
  const place = () => trainingPlace({ cache, gpu: gpu.value });
  const binding = () => join(place().packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');
  const writeBinding = async () => {
    await mkdir(join(place().packageFolder, 'lib', 'napi-v8'), { recursive: true });
    await writeFile(binding(), 'elf');
  };
  const machine = fakeMachine(async (program, args) => {
    if (without.includes(program)) return undefined;
    const [first = '', second = ''] = args;
    if (program === 'npm' && first === 'install') {
      gpu.value = (await readFile(join(cache, 'training', 'package.json'), 'utf8')).includes('-gpu');
      await mkdir(place().packageFolder, { recursive: true });
      await writeFile(join(place().packageFolder, 'package.json'), '{"version":"4.22.0"}');
      await writeFile(join(place().folder, 'node_modules', '.package-lock.json'), '{}');
    } else if (first.endsWith('install.js')) {
      if (!prebuiltWorks) return { code: 1, tail: 'Error: getaddrinfo ENOTFOUND' };
      await writeBinding();
    } else if (args.includes('download')) {
      return pipDownloads(args, tensorflowWheel);
    } else if (second === 'rebuild') {
      if (compilerFails) return { code: 1, tail: 'gyp ERR! not ok' };
      await writeBinding();
    } else if (first === '-e') {
      return existsSync(binding()) ? {} : { code: 1, tail: 'Error: Cannot find module' };
    }
    return {};
  });
  const options: TrainingSetupOptions = {
    ...{ cache, run: machine.run, platform: 'linux' as const, arch: 'x64', nodeVersion: '20.20.2' },
    verify: async () => Promise.resolve(),
  };
  return { cache, options, commands: machine.commands, binding };
}

describe('setupTraining', () => {
  it('takes the prebuilt library where it can be fetched', async () => {
    const { options, commands } = await linuxMachine({ prebuiltWorks: true });
    expect(await isTrainingReady(options)).toBe(false);
    expect(await setupTraining(options)).toMatchObject({ outcome: 'installed' });
    expect(await isTrainingReady(options)).toBe(true);
    expect(commands.some((command) => /pip|rebuild/.test(command))).toBe(false);
  });

  it("compiles against the library of PyPI's wheel where it cannot", async () => {
    const { options, cache, commands } = await linuxMachine();
    expect(await setupTraining(options)).toMatchObject({ outcome: 'installed' });
    const deps = join(trainingPlace({ cache }).packageFolder, 'deps');
    expect(await readFile(join(deps, 'lib', 'libtensorflow_cc.so.2'), 'utf8')).toBe('cc');
    expect(await readlink(join(deps, 'lib', 'libtensorflow.so'))).toBe('libtensorflow_cc.so.2');
    expect(await readlink(join(deps, 'lib', 'libtensorflow_framework.so'))).toBe(
      'libtensorflow_framework.so.2',
    );
    expect(existsSync(join(deps, 'include', 'tensorflow', 'c', 'c_api.h'))).toBe(true);
    expect(existsSync(join(deps, 'include', 'absl'))).toBe(false);
    expect(commands.find((command) => command.includes('rebuild'))).toMatch(
      /--module_name=tfjs_binding --module_path=.*napi-v8 --napi_build_version=8$/,
    );
  });

  it('does nothing when it works already', async () => {
    const { options, commands } = await linuxMachine();
    await setupTraining(options);
    commands.length = 0;
    expect(await setupTraining(options)).toMatchObject({ outcome: 'present' });
    expect(commands).toHaveLength(1); // the trial
  });

  it('completes a half install, keeping the library that is there', async () => {
    const { options, commands, binding } = await linuxMachine();
    await setupTraining(options);
    await rm(binding());
    commands.length = 0;
    expect(await isTrainingReady(options)).toBe(false);
    expect(await setupTraining(options)).toMatchObject({ outcome: 'installed' });
    expect(commands.some((command) => command.includes('pip'))).toBe(false);
    expect(commands.some((command) => command.includes('rebuild'))).toBe(true);
  });

  it('says plainly that Node 23 and newer cannot train, before anything is fetched', async () => {
    const { options, commands } = await linuxMachine();
    await expect(setupTraining({ ...options, nodeVersion: '24.1.0' })).rejects.toThrow(
      /needs Node 20 or 22.*24\.1\.0/,
    );
    expect(commands).toEqual([]);
  });

  it.each([
    ['npm', /npm was not found/],
    ['python3', undefined],
    ['g++', /"g\+\+" was not found.*apt-get install g\+\+ make/],
    ['make', /"make" was not found/],
  ])('says what to install without %s', async (program, message) => {
    const without = program === 'python3' ? ['python3', 'python', 'py'] : [program];
    const { options } = await linuxMachine({ without });
    await expect(setupTraining(options)).rejects.toThrow(
      message ?? /no Python with pip was found.*apt-get install python3-pip/,
    );
  });

  it('keeps the compiler output for --debug when the binding does not compile', async () => {
    const { options } = await linuxMachine({ compilerFails: true });
    await expect(setupTraining(options)).rejects.toMatchObject({
      code: 'setup',
      details: { tail: 'gyp ERR! not ok' },
    });
  });

  it('says that other platforms depend on the prebuilt library', async () => {
    const { options } = await linuxMachine();
    await expect(setupTraining({ ...options, arch: 'arm64' })).rejects.toThrow(
      /only on linux-x64, not linux-arm64/,
    );
  });

  it('takes the GPU package only prebuilt', async () => {
    const working = await linuxMachine({ prebuiltWorks: true });
    expect(await setupTraining({ ...working.options, gpu: true })).toMatchObject({ outcome: 'installed' });
    expect(working.commands.find((command) => command.includes('install.js'))).toMatch(
      /tfjs-node-gpu.* gpu download$/,
    );
    const offline = await linuxMachine();
    await expect(setupTraining({ ...offline.options, gpu: true })).rejects.toThrow(/for GPUs.*ENOTFOUND/);
  });
});
