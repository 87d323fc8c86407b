import { VidstyleError } from '../errors.js';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { stateFolder, type Store } from './store.js';

/**
 * Makes sure that one local batch alone works on a place of results; returns what gives the place free again. A batch that was
 * killed leaves its lock behind, which counts as long as its process lives.
 *
 * @throws VidstyleError `usage` while another one is at work
 */
export async function lockResults(out: Store): Promise<() => Promise<void>> {
  const path = `${stateFolder}/lock`;
  const mine = JSON.stringify(await ownIdentity());
  for (;;) {
    if (await out.createText(path, mine)) return () => out.remove(path);
    const holder = parse(await out.readText(path));
    if (holder && (await isAlive(holder))) throw atWork(out, holder);
    await out.remove(path);
  }
}

function atWork({ location }: Store, { pid, host }: ProcessIdentity): VidstyleError {
  return new VidstyleError(
    'usage',
    `A batch is at work on "${location}" already (process ${pid} on ${host}). If that machine is gone, remove ${stateFolder}/lock there.`,
  );
}

function parse(text = ''): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
