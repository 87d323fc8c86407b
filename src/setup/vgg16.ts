import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';
import { setupContext, type SetupContext, type SetupOptions, type SetupResult } from './context.js';

/** Keras' public file, its length, and its MD5 as Keras publishes it (keras/src/applications/vgg16.py). */
const keras = {
  url: 'https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5',
  md5: '6d6bbae143d832006294945121d1f1fc',
  bytes: 58_889_256,
};

/** Filters of VGG16's first ten convolutions (Simonyan and Zisserman 2014, configuration D). */
const filters: Readonly<Record<string, number>> = {
  ...{ conv1_1: 64, conv1_2: 64, conv2_1: 128, conv2_2: 128 },
  ...{ conv3_1: 256, conv3_2: 256, conv3_3: 256, conv4_1: 512, conv4_2: 512, conv4_3: 512 },
};

/** Options of {@link setupVgg16}. */
export interface Vgg16Options extends SetupOptions {
  /**
   * A copy at hand instead of the download: Keras' file, or any `.h5` or `.safetensors` with the first ten convolutions
   * of VGG16 under Keras' or torchvision's names.
   */
  readonly from?: string;
}

/** The installed weights, or `undefined` before {@link setupVgg16}. */
export async function findVgg16(cache?: string): Promise<string | undefined> {
  const folder = vgg16Folder(setupContext(cache === undefined ? {} : { cache }));
  const names = await readdir(folder).catch(() => []);
  const name = names.find((entry) => /^vgg16\.(h5|safetensors)$/.test(entry));
  return name === undefined ? undefined : join(folder, name);
}

/**
 * Puts VGG16's weights, the loss network's, into the cache folder: Keras' public file, its checksum verified, or a
 * copy at hand. The file appears whole or not at all. Does nothing if weights are there, unless `from` brings others.
 *
 * @throws VidstyleError `setup` if the file cannot be fetched or read, is not the published one, or (`from`) holds
 *   another network than VGG16
 */
export async function setupVgg16({ from, ...options }: Vgg16Options = {}): Promise<SetupResult> {
  const context = setupContext(options);
  const present = await findVgg16(context.cache);
  if (present !== undefined && from === undefined) return { path: present, outcome: 'present', notices: [] };

  const path = join(vgg16Folder(context), `vgg16${from === undefined ? '.h5' : weightsExtension(from)}`);
  const partial = join(dirname(path), `partial-${String(process.pid)}${extname(path)}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await (from === undefined ? fetchKeras(partial, context) : copyAtHand(from, partial));
    const published = (await fileDigest(partial, 'md5')) === keras.md5;
    if (!published && from === undefined) throw notPublished((await stat(partial)).size);
    await requireVgg16(partial, from ?? keras.url);
    if (present !== undefined && present !== path) await rm(present);
    await rename(partial, path);
    return { path, outcome: 'installed', notices: [published ? publishedNotice(path) : otherNotice(path)] };
  } finally {
    await rm(partial, { force: true });
  }
}

function vgg16Folder({ cache }: SetupContext): string {
  return join(cache, 'vgg16');
}

async function fetchKeras(file: string, { download, onProgress, signal }: SetupContext): Promise<void> {
  const step = "Downloading VGG16's weights (59 MB)";
  onProgress({ step, fraction: 0 });
  try {
    await download(keras.url, file, {
      limitBytes: keras.bytes,
      onBytes: (received) => {
        onProgress({ step, fraction: received / keras.bytes });
      },
      signal,
    });
  } catch (error) {
    if (!(error instanceof VidstyleError) || error.code !== 'setup') throw error;
    const hint = 'Fetch the file elsewhere and give it with --from FILE.';
    throw new VidstyleError('setup', `${error.message} ${hint}`, { cause: error });
  }
}

async function copyAtHand(from: string, file: string): Promise<void> {
  await copyFile(from, file).catch((cause: unknown) => {
    throw new VidstyleError('setup', `"${from}" cannot be read.`, { cause });
  });
}

function weightsExtension(file: string): string {
  const extension = extname(file).toLowerCase();
  if (extension === '.h5' || extension === '.safetensors') return extension;
  throw new VidstyleError('setup', `VGG16's weights come as .h5 or .safetensors, not "${file}".`);
}

/** Shapes are checked as well as names: the losses accept narrower networks, the installed one must be the real one. */
async function requireVgg16(file: string, called: string): Promise<void> {
  const { loadVgg16 } = await import('../losses/vgg16-weights.js');
  const weights = await loadVgg16(file).catch((cause: unknown) => {
    throw new VidstyleError('setup', `"${called}" does not hold the weights of VGG16.`, { cause });
  });
  let input = 3;
  for (const [layer, output] of Object.entries(filters)) {
    const expected = `3×3×${String(input)}×${String(output)}`;
    const found = weights.get(`${layer}/kernel`)?.shape.join('×') ?? 'missing';
    if (found !== expected) {
      throw new VidstyleError(
        'setup',
        `"${called}" is not VGG16: its ${layer} is ${found} instead of ${expected}.`,
      );
    }
    input = output;
  }
}

function notPublished(bytes: number): VidstyleError {
  return new VidstyleError(
    'setup',
    `What ${keras.url} sent (${String(bytes)} bytes) is not the file that Keras publishes; it was not used.`,
  );
}

function publishedNotice(path: string): string {
  return `VGG16's weights are in ${path}; the checksum is the one that Keras publishes.`;
}

function otherNotice(path: string): string {
  return (
    `VGG16's weights are in ${path}. The file is not the one that Keras publishes (another checksum), ` +
    'but its layers and their shapes are those of VGG16, so it was accepted.'
  );
}
