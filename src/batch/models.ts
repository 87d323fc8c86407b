import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { VidstyleError } from '../errors.js';
import { fileDigest } from '../file-digest.js';
import { cacheFolder, presetsFolder } from '../paths.js';
import { isDiskFull } from './full-disk.js';
import { type Spec } from './spec.js';
import { stateFolder, type Store } from './store.js';

type ModelName = Spec['model'];

/** Puts a network beside the results by its digest, where machines find it that do not have it. */
export async function publishModel(store: Store, model: ModelName, path: string): Promise<void> {
  if (await store.stat(storedPath(model))) return;
  const copy = await store.temporary(storedPath(model));
  try {
    await copyFile(path, copy);
    await store.publish(copy, storedPath(model));
  } finally {
    await rm(copy, { force: true });
  }
}

/**
 * Finds a network by its digest: among the presets of this machine, in its cache, or beside the results. What came from
 * elsewhere is used only if its contents have the digest.
 *
 * @throws VidstyleError `model` where it is not to be had
 */
export async function findModel(store: Store, model: ModelName, presets = presetsFolder): Promise<string> {
  const own = model.ending === '.onnx' ? (await digestsIn(presets)).get(model.sha256) : undefined;
  if (own !== undefined) return own;
  const folder = join(cacheFolder(), 'batch-models');
  const cached = join(folder, `${model.sha256}${model.ending}`);
  if ((await fileDigest(cached).catch(() => '')) === model.sha256) return cached;
  const copy = await store.open(storedPath(model)).catch((cause: unknown) => {
    if (isDiskFull(cause)) throw cause;
    const sentence = `The network ${model.sha256.slice(0, 12)}… is neither a preset of this machine nor beside the results.`;
    throw new VidstyleError('model', sentence, { cause });
  });
  const beside = `${cached}.${randomBytes(6).toString('hex')}`;
  try {
    if ((await fileDigest(copy.path)) !== model.sha256)
      throw new VidstyleError('model', `The network ${model.sha256.slice(0, 12)}… beside the results has other contents.`); // prettier-ignore
    await mkdir(folder, { recursive: true });
    await copyFile(copy.path, beside);
    await rename(beside, cached);
    return cached;
  } finally {
    await rm(beside, { force: true });
    await copy.release();
  }
}

function storedPath({ sha256, ending }: ModelName): string {
  return `${stateFolder}/models/${sha256}${ending}`;
}

const known = new Map<string, Promise<ReadonlyMap<string, string>>>();

/** The models of a folder by their digests, read once a process. */
function digestsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  let digests = known.get(folder);
  if (!digests) known.set(folder, (digests = readDigests(folder)));
  return digests;
}

async function readDigests(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.onnx'));
  const paths = names.map((name) => join(folder, name));
  return new Map(await Promise.all(paths.map(async (path) => [await fileDigest(path), path] as const)));
}
