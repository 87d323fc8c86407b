import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import { setupContext, type SetupContext, type SetupOptions, type SetupResult } from './context.js';
import { requireDiskSpace } from './disk-space.js';
import { buildBinding, fetchTensorflow } from './tensorflow-native.js';

const version = '4.22.0';
const neededBytes = 1.3e9; // 620 MB of libraries, the 210 MB wheel they come in, npm's packages

/** Options of {@link setupTraining}. */
export interface TrainingSetupOptions extends SetupOptions {
  /** TensorFlow for NVIDIA GPUs, which exists only prebuilt. Default `false`. */
  readonly gpu?: boolean;
}

/** Where a TensorFlow.js of native speed is kept. */
export interface TrainingPlace {
  /** What to resolve the package from: a `node_modules` lies in it. */
  readonly folder: string;
  /** `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
  readonly packageName: string;
  /** The package's own folder. */
  readonly packageFolder: string;
}

/** Where {@link setupTraining} puts TensorFlow.js. */
export function trainingPlace({ gpu = false, cache }: { gpu?: boolean; cache?: string } = {}): TrainingPlace {
  const folder = join(setupContext(cache === undefined ? {} : { cache }).cache, 'training');
  const packageName = `@tensorflow/tfjs-node${gpu ? '-gpu' : ''}`;
  return { folder, packageName, packageFolder: join(folder, 'node_modules', packageName) };
}

/**
 * Makes training possible: installs the pinned `@tensorflow/tfjs-node` with its native library into the cache folder.
 * The package's own prebuilt library comes first. Where that cannot be fetched (networks that reach only package
 * registries), the library out of PyPI's TensorFlow wheel is put in its place and the binding compiled against it.
 * What is there and works is kept; what is half there is completed.
 *
 * @throws VidstyleError `setup` saying what to install if Node is too new, npm, pip or a compiler is missing, the disk
 *   is full, or the result does not compute
 */
export async function setupTraining({
  gpu = false,
  ...options
}: TrainingSetupOptions = {}): Promise<SetupResult> {
  const context = setupContext(options);
  requireNodeVersion(context);
  const place = trainingPlace({ gpu, cache: context.cache });
  const result = { path: place.folder, notices: [`TensorFlow.js ${version} works in ${place.folder}.`] };
  if ((await filesArePresent(place)) && (await computes(place, context)) === undefined) {
    return { ...result, outcome: 'present' };
  }
  await requireDiskSpace(context.cache, neededBytes, 'TensorFlow');
  await installPackage(place, context);
  const prebuilt = await installPrebuilt(place, gpu, context);
  if (prebuilt !== undefined) {
    if (gpu) throw cannotWork('The prebuilt TensorFlow for GPUs could not be installed', prebuilt);
    await fetchTensorflow(place.packageFolder, context);
    await buildBinding(place.packageFolder, context);
    context.onProgress({ step: 'Trying TensorFlow' });
    const failure = await computes(place, context);
    if (failure !== undefined) throw cannotWork('TensorFlow was installed but does not work', failure);
  }
  return { ...result, outcome: 'installed' };
}

/** Whether everything that {@link setupTraining} installs is there; cheap, nothing is loaded. */
export async function isTrainingReady(options: TrainingSetupOptions = {}): Promise<boolean> {
  const context = setupContext(options);
  return filesArePresent(trainingPlace({ gpu: options.gpu ?? false, cache: context.cache }));
}

/** The binding calls a function that Node 23 removed (`util.isNullOrUndefined`). */
function requireNodeVersion({ nodeVersion }: SetupContext): void {
  if (Number.parseInt(nodeVersion, 10) < 23) return;
  throw new VidstyleError(
    'setup',
    `Training needs Node 20 or 22: TensorFlow.js ${version} does not work on Node ${nodeVersion} (everything else here does).`,
  );
}

/** npm writes its own lock file into `node_modules` last, so a broken-off install is told from a whole one. */
async function filesArePresent({ folder, packageFolder }: TrainingPlace): Promise<boolean> {
  const needed = [
    join(folder, 'node_modules', '.package-lock.json'),
    join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node'),
  ];
  try {
    await Promise.all(needed.map(async (file) => access(file)));
    const text = await readFile(join(packageFolder, 'package.json'), 'utf8');
    return (JSON.parse(text) as { version?: string }).version === version;
  } catch {
    return false; // something is missing or cut short
  }
}

async function installPackage({ folder, packageName }: TrainingPlace, context: SetupContext): Promise<void> {
  context.onProgress({ step: `Installing ${packageName} ${version}` });
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: { [packageName]: version } }),
  );
  const args = [
    'install',
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
    '--no-package-lock',
    '--loglevel=error',
  ];
  const { code, tail } = await context.run('npm', args, { cwd: folder, signal: context.signal });
  if (code === undefined)
    throw new VidstyleError('setup', 'npm was not found: it comes with Node and must be on the PATH.');
  if (code !== 0) throw cannotWork(`npm could not install ${packageName} ${version}`, tail);
}

/** The package's own way, which fetches a library and a binding from its makers' servers. @returns why it failed */
async function installPrebuilt(
  place: TrainingPlace,
  gpu: boolean,
  context: SetupContext,
): Promise<string | undefined> {
  context.onProgress({ step: 'Fetching the prebuilt TensorFlow library' });
  const script = join(place.packageFolder, 'scripts', 'install.js');
  const bin = join(place.folder, 'node_modules', '.bin');
  const { code, tail } = await context.run(process.execPath, [script, gpu ? 'gpu' : 'cpu', 'download'], {
    cwd: place.packageFolder,
    env: { PATH: `${bin}${context.platform === 'win32' ? ';' : ':'}${process.env['PATH'] ?? ''}` },
    signal: context.signal,
  });
  if (code !== 0) return tail;
  return computes(place, context);
}

/** Loads the library in a process of its own and multiplies. @returns why it failed */
async function computes(
  { folder, packageName }: TrainingPlace,
  context: SetupContext,
): Promise<string | undefined> {
  const program = `
    const tf = require(${JSON.stringify(packageName)});
    const [product] = tf.matMul(tf.tensor2d([[2, 3]]), tf.tensor2d([[5], [7]])).dataSync();
    if (product !== 31) throw new Error('2·5 + 3·7 gave ' + product);`;
  const { code, tail } = await context.run(process.execPath, ['-e', program], {
    cwd: folder,
    env: { TF_CPP_MIN_LOG_LEVEL: '3' },
    signal: context.signal,
  });
  return code === 0 ? undefined : tail;
}

function cannotWork(what: string, tail: string): VidstyleError {
  const cause =
    tail.split('\n').findLast((line) => /error|cannot|fail/i.test(line)) ?? tail.split('\n').at(-1) ?? '';
  return new VidstyleError('setup', `${what}: ${cause.trim()}`, { details: { tail } });
}
