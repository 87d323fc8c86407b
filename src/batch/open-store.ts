import { VidstyleError } from '../errors.js';
import { openLocalStore } from './local-store.js';
import { openS3Store } from './s3-store.js';
import type { Store } from './store.js';

/**
 * Opens a place for sources or results by its name: a folder, or `s3://bucket/prefix`.
 * @throws VidstyleError `usage` for a location of another kind
 */
export function openStore(location: string): Store {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return openLocalStore(location);
  if (scheme === 's3') return openS3Store(location);
  throw new VidstyleError('usage', `"${location}": give a folder, or s3://bucket/prefix.`);
}
