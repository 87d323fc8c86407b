import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import { setupContext, type SetupContext, type SetupOptions, type SetupResult } from './context.js';
import { requireDiskSpace } from './disk-space.js';
import { installFolder, isInstalled } from './install-folder.js';
import { withWheel, type PinnedWheel } from './pip-wheel.js';
import { unzip } from './unzip.js';

const release = { project: 'openvino', version: '2026.4.1', python: '3.11' };

/** PyPI's wheels of that release: the platform tag to ask for and the file's SHA-256. */
const wheels: Readonly<Record<string, PinnedWheel>> = {
  'linux-x64': {
    ...release,
    platform: 'manylinux_2_28_x86_64',
    sha256: '2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf',
  },
  'darwin-arm64': {
    ...release,
    platform: 'macosx_11_0_arm64',
    sha256: 'd3740853691ae4a9003bc3417a4625d848e2cc3251af4b815c59199b38be252a',
  },
  'win32-x64': {
    ...release,
    platform: 'win_amd64',
    sha256: 'bfddae6d6d3ad240157b946f180c33d0ddfaaae7487995d929a4e6b4bc12b283',
  },
};

const neededBytes = 350e6; // the wheel of 60 MB and its libraries

/** Where {@link setupOpenvino} puts OpenVINO's shared libraries (`libopenvino_c.so.*` and its plugins, flat). */
export function openvinoFolder(cache?: string): string {
  return join(setupContext(cache === undefined ? {} : { cache }).cache, 'openvino');
}

/**
 * Installs OpenVINO's runtime, the fastest engine on a CPU: the shared libraries out of PyPI's `openvino` wheel
 * (Apache 2.0; its licences are kept beside), without Python code. Does nothing if they are there.
 *
 * @throws VidstyleError `setup` if this platform has no wheel, pip is missing or cannot fetch it, or the disk is full
 */
export async function setupOpenvino(options: SetupOptions = {}): Promise<SetupResult> {
  const context = setupContext(options);
  const wheel = wheelFor(context);
  const path = openvinoFolder(context.cache);
  const source = `${wheel.project} ${wheel.version} ${wheel.sha256}`;
  if (await isInstalled(path, source)) return { path, outcome: 'present', notices: [] };
  await requireDiskSpace(context.cache, neededBytes, 'OpenVINO');
  await withWheel(wheel, context, (archive) =>
    installFolder(path, source, (folder) =>
      unzip(archive, { folder, target: placeOf, signal: context.signal }),
    ),
  );
  return { path, outcome: 'installed', notices: [`OpenVINO ${wheel.version} is in ${path}.`] };
}

function wheelFor({ platform, arch }: SetupContext): PinnedWheel {
  const wheel = wheels[`${platform}-${arch}`];
  if (wheel) return wheel;
  const known = Object.keys(wheels).join(', ');
  throw new VidstyleError(
    'setup',
    `OpenVINO is not set up on ${platform}-${arch} (only on ${known}); use another engine.`,
  );
}

function placeOf(member: string): string | undefined {
  if (member.startsWith('openvino/libs/')) return member.slice('openvino/libs/'.length);
  const licence = /\.dist-info\/(licenses\/.+)$/.exec(member);
  return licence?.[1];
}
