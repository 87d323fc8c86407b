import { VidstyleError } from '../errors.js';
import { openLocalStore } from './local-store.js';
import type { Store } from './store.js';

/**
 * Opens a place for sources or results by its name: a folder.
 * @throws VidstyleError `usage` for a location of another kind
 */
export function openStore(location: string): Store {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    throw new VidstyleError('usage', `"${location}": give a folder.`);
  }
  return openLocalStore(location);
}
