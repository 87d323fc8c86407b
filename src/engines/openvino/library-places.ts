import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from '../../paths.js';
import { askPython } from '../python.js';

/** Names a file or folder of OpenVINO's for this process and its children. */
export const libraryVariable = 'VIDSTYLE_OPENVINO';

/** Somewhere OpenVINO's library may be. */
export interface LibraryPlace {
  /** For messages, such as `the Python environment`. */
  readonly origin: string;
  /** The user named it: if nothing usable is there, nothing else is tried. */
  readonly isNamed: boolean;
  /** Files or folders, looked up only when this place's turn comes. */
  readonly paths: () => Promise<readonly string[]>;
}

/**
 * Where OpenVINO's library is looked for, in this order: what the user named (an option, else the variable
 * {@link libraryVariable}), what `vidstyle setup openvino` brought, the package `openvino-node`, the Python environment,
 * the system.
 *
 * @param named a file or folder
 */
export function libraryPlaces(named?: string, env: NodeJS.ProcessEnv = process.env): readonly LibraryPlace[] {
  const places: LibraryPlace[] = [];
  const fromVariable = env[libraryVariable];
  if (named !== undefined)
    places.push({ origin: 'the option', isNamed: true, paths: async () => Promise.resolve([named]) });
  else if (fromVariable) {
    places.push({
      origin: libraryVariable,
      isNamed: true,
      paths: async () => Promise.resolve([fromVariable]),
    });
  }
  const found = (origin: string, paths: () => Promise<readonly string[]>): LibraryPlace => ({
    origin,
    isNamed: false,
    paths,
  });
  places.push(
    found('the cache folder', async () => Promise.resolve([join(cacheFolder(env), 'openvino')])),
    found('openvino-node', async () => Promise.resolve(nodePackage())),
    found('the Python environment', () => pythonPackage()),
    found('the system', async () => systemFolders(env)),
  );
  return places;
}

/** The first library there is, without loading it; `undefined` where there is none. */
export async function findOpenvino(named?: string): Promise<string | undefined> {
  for (const { isNamed, paths } of libraryPlaces(named)) {
    for (const path of await paths()) {
      const file = await libraryFile(path);
      if (file !== undefined) return file;
    }
    if (isNamed) return undefined;
  }
  return undefined;
}

const fileName = /^(lib)?openvino_c(\.\d+)*\.(so|dylib|dll)(\.\d+)*$/;

/** The C library itself: `path` where that is a file, what is in it where it is a folder (the newest of several). */
export async function libraryFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return path;
  if (!found?.isDirectory()) return undefined;
  const byVersion = new Intl.Collator('en', { numeric: true });
  const files = (await readdir(path)).filter((name) => fileName.test(name)).sort(byVersion.compare);
  const newest = files.at(-1);
  return newest === undefined ? undefined : join(path, newest);
}

/** `openvino-node` downloads OpenVINO beside its own binding. */
function nodePackage(): string[] {
  try {
    const root = dirname(createRequire(import.meta.url).resolve('openvino-node/package.json'));
    return [join(root, 'bin'), join(root, 'bin', 'libs')];
  } catch {
    return [];
  }
}

/** PyPI's wheel keeps the libraries in `openvino/libs`. Asks for the place without importing the package. */
async function pythonPackage(): Promise<string[]> {
  const program =
    'import importlib.util as u; s = u.find_spec("openvino"); print((s and s.submodule_search_locations or [""])[0])';
  const folder = await askPython(program);
  return folder ? [join(folder, 'libs')] : [];
}

async function systemFolders(env: NodeJS.ProcessEnv): Promise<string[]> {
  const installed = env['INTEL_OPENVINO_DIR'];
  const archives = (await readdir('/opt/intel').catch(() => []))
    .filter((name) => name.startsWith('openvino'))
    .map((name) => join('/opt/intel', name));
  const runtimes = [...(installed ? [installed] : []), ...archives].flatMap((root) => [
    join(root, 'runtime', 'lib', 'intel64'),
    join(root, 'runtime', 'lib', 'aarch64'),
    join(root, 'runtime', 'bin', 'intel64', 'Release'),
  ]);
  const searched = [env['LD_LIBRARY_PATH'], env['DYLD_LIBRARY_PATH']].flatMap(
    (list) => list?.split(delimiter) ?? [],
  );
  const usual = ['/usr/local/lib', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/opt/homebrew/lib']; // prettier-ignore
  return [...runtimes, ...searched.filter((folder) => folder !== ''), ...usual];
}
