import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VidstyleError } from '../../errors.js';
import { askPython } from '../python.js';

/** Names a PJRT plugin's library for this process and its children. */
export const pluginVariable = 'VIDSTYLE_PJRT_PLUGIN';

/** A plugin and the libraries that it expects to be loaded already. */
export interface Plugin {
  readonly file: string;
  readonly needed: readonly string[];
}

/**
 * XLA's plugin: the one named, else the one that {@link pluginVariable} names, else JAX's for NVIDIA's cards in the Python
 * environment (`pip install "jax[cuda13]"` or `"jax[cuda12]"`).
 *
 * @throws VidstyleError 'setup' saying what to install if there is none
 */
export async function findPlugin(named?: string, env: NodeJS.ProcessEnv = process.env): Promise<Plugin> {
  const file = named ?? env[pluginVariable];
  const folders = await sitePackages();
  if (file !== undefined && file !== '') return { file, needed: await nvidiaLibraries(folders) };
  for (const folder of folders) {
    for (const version of ['xla_cuda13', 'xla_cuda12']) {
      const found = await filesIn(join(folder, 'jax_plugins', version), /^xla_cuda_plugin\.so$/);
      if (found[0] !== undefined) return { file: found[0], needed: await nvidiaLibraries(folders) };
    }
  }
  throw new VidstyleError(
    'setup',
    `XLA has no plugin for an accelerator here: pip install "jax[cuda13]" brings NVIDIA’s; ${pluginVariable} names another.`,
  );
}

/** Libraries that the plugin or cuDNN open by name alone, in the order in which they need each other. */
const opened = [
  'libcudart', 'libnvrtc', 'libnvJitLink', 'libcublasLt', 'libcublas', 'libcusparse', 'libcusolver', 'libcufft', 'libcupti', 'libnccl', 'libcudnn',
]; // prettier-ignore

/** NVIDIA's wheels put libraries in folders of their own, where no loader looks. */
async function nvidiaLibraries(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    const packages = await readdir(join(folder, 'nvidia')).catch(() => []);
    for (const name of packages)
      files.push(...(await filesIn(join(folder, 'nvidia', name, 'lib'), /\.so\.\d+$/)));
  }
  return opened.flatMap((library) => files.filter((file) => file.includes(`/${library}.so.`)));
}

async function filesIn(folder: string, name: RegExp): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter((entry) => name.test(entry)).map((entry) => join(folder, entry));
}

/** Where the Python on the path keeps its packages. */
async function sitePackages(): Promise<string[]> {
  const program = 'import json, sys; print(json.dumps([p for p in sys.path if p.endswith("-packages")]))';
  return JSON.parse((await askPython(program)) ?? '[]') as string[];
}
