import { access, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VidstyleError } from '../errors.js';
import type { SetupContext } from './context.js';
import { installFolder, isInstalled } from './install-folder.js';
import { withWheel, type PinnedWheel } from './pip-wheel.js';
import { unzip } from './unzip.js';

/** The newest TensorFlow whose C API the binding of tfjs-node 4.22 compiles and runs against. */
const wheel: PinnedWheel = {
  project: 'tensorflow-cpu',
  version: '2.15.1',
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  platform: 'manylinux2014_x86_64',
  python: '3.11',
};

const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
/** What the linker asks for → what the wheel calls it. */
const links = [
  ['lib/libtensorflow.so', 'libtensorflow_cc.so.2'],
  ['lib/libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
] as const;

/**
 * Puts TensorFlow's headers and libraries out of PyPI's wheel where tfjs-node expects those of its own download:
 * `deps/include` and `deps/lib`. Does nothing if the libraries are there.
 *
 * @throws VidstyleError `setup` on another platform than 64-bit Linux on Intel or AMD, or if the wheel cannot be had
 */
export async function fetchTensorflow(packageFolder: string, context: SetupContext): Promise<void> {
  requirePlatform(context);
  const deps = join(packageFolder, 'deps');
  const source = `${wheel.project} ${wheel.version} ${wheel.sha256}`;
  if (await isInstalled(deps, source)) return;
  await withWheel(wheel, context, (archive) =>
    installFolder(deps, source, async (folder) => {
      const files = await unzip(archive, { folder, target: placeOf, signal: context.signal });
      for (const [name, target] of links) await symlink(target, join(folder, name));
      return [...files, ...links.map(([name]) => name)];
    }),
  );
}

/**
 * Compiles the package's binding against the libraries in `deps`, with the node-gyp that npm brings.
 * @throws VidstyleError `setup` naming what to install if it cannot
 */
export async function buildBinding(packageFolder: string, context: SetupContext): Promise<void> {
  await requireCompiler(context);
  context.onProgress({ step: "Compiling TensorFlow.js' binding" });
  const headers = await nodeHeaders();
  const args = [
    ...[await nodeGyp(context), 'rebuild', ...(headers === undefined ? [] : [`--nodedir=${headers}`])],
    ...[
      '--module_name=tfjs_binding',
      `--module_path=${join(packageFolder, 'lib', 'napi-v8')}`,
      '--napi_build_version=8',
    ],
  ];
  const { code, tail } = await context.run(process.execPath, args, {
    cwd: packageFolder,
    signal: context.signal,
  });
  if (code === 0) return;
  throw new VidstyleError(
    'setup',
    "TensorFlow.js' binding could not be compiled; a C++ compiler, make, Python 3 and Node's headers are needed " +
      '(Debian and Ubuntu: apt-get install g++ make python3).',
    { details: { tail } },
  );
}

function placeOf(member: string): string | undefined {
  const name = member.replace(/^tensorflow\//, '');
  if (libraries.includes(name)) return `lib/${name}`;
  if (/^include\/(tensorflow|tsl)\//.test(name)) return name;
  return member.endsWith('.dist-info/LICENSE') ? 'LICENSE' : undefined;
}

function requirePlatform({ platform, arch }: SetupContext): void {
  if (platform === 'linux' && arch === 'x64') return;
  throw new VidstyleError(
    'setup',
    `TensorFlow's prebuilt library could not be fetched, and the other way exists only on linux-x64, not ${platform}-${arch}; ` +
      'check that storage.googleapis.com can be reached.',
  );
}

async function requireCompiler({ run, signal }: SetupContext): Promise<void> {
  for (const program of ['g++', 'make']) {
    if ((await run(program, ['--version'], { signal })).code === 0) continue;
    throw new VidstyleError(
      'setup',
      `TensorFlow.js has to be compiled here, and "${program}" was not found ` +
        '(Debian and Ubuntu: apt-get install g++ make; Fedora: dnf install gcc-c++ make).',
    );
  }
}

async function nodeGyp({ run, signal }: SetupContext): Promise<string> {
  const { output } = await run('npm', ['root', '--global'], { signal });
  // The global folder is npm's own home in the usual installs; a prefix of the user's own is not, so Node's is tried too.
  const roots = [output.trim(), join(dirname(dirname(process.execPath)), 'lib', 'node_modules')];
  for (const root of roots) {
    const script = join(root, 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    if (await allExist([script])) return script;
  }
  throw new VidstyleError(
    'setup',
    "npm's node-gyp was not found: install npm the way Node's makers ship it.",
  );
}

/** Node's headers where its installers put them; node-gyp downloads them otherwise. */
async function nodeHeaders(): Promise<string | undefined> {
  const prefix = dirname(dirname(process.execPath));
  return (await allExist([join(prefix, 'include', 'node', 'node_api.h')])) ? prefix : undefined;
}

async function allExist(files: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(files.map(async (file) => access(file)));
  return found.every(({ status }) => status === 'fulfilled');
}
