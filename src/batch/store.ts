import { VidstyleError } from '../errors.js';

/** One file of a store. */
export interface StoredFile {
  /** Below the store's root, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Changes when the contents do: size and time. */
  readonly stamp: string;
  /** When it was last written, milliseconds since the epoch. */
  readonly modifiedMs: number;
}

/** A stored file as a file of this machine. */
export interface LocalCopy {
  readonly path: string;
  /** Removes it if it was only a copy; idempotent. */
  release(): Promise<void>;
}

/** The folder of what batches remember, inside the place of results. */
export const stateFolder = '.vidstyle';

/** A place for sources or results: a folder, or a bucket's prefix. Paths are relative and cannot leave the root. */
export interface Store {
  /** The folder's absolute path, or `s3://bucket/prefix`. */
  readonly location: string;
  /** The folder of this machine whose disk copies and temporary files take room on. */
  readonly workFolder: string;
  /** Every file below `prefix`, folders whose names begin with a dot left out; a store may give them in any order. */
  list(prefix?: string): AsyncIterable<StoredFile>;
  stat(path: string): Promise<StoredFile | undefined>;
  /** @throws VidstyleError `input` where there is no such file */
  open(path: string, signal?: AbortSignal): Promise<LocalCopy>;
  /** A new name on this machine, for a file that {@link Store.publish} will take; its ending is that of `path`. */
  temporary(path: string): Promise<string>;
  /** Puts a local file in place, whole or not at all, and so that it survives a power loss; takes the local file away. */
  publish(localPath: string, path: string, signal?: AbortSignal): Promise<StoredFile>;
  /** undefined where there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** As durable and atomic as {@link Store.publish}. */
  writeText(path: string, text: string): Promise<void>;
  /** Writes a file that is not there yet; false where it is. */
  createText(path: string, text: string): Promise<boolean>;
  /** Removes a file, or everything below a folder; no error where there is none. */
  remove(path: string): Promise<void>;
  /** Room for results; undefined where there is no telling. */
  freeBytes(): Promise<number | undefined>;
  close(): void;
}

/**
 * Checks that a path stays below its root, whatever it is made of.
 * @throws VidstyleError `usage` for a path that is absolute, climbs, or holds what no path should
 */
export function requireInside(path: string): string {
  const parts = path.split('/');
  // eslint-disable-next-line no-control-regex -- a path with control characters is refused, not matched
  const strange = path === '' || /[\0-\x1f\\]/.test(path) || /^[a-z]:/i.test(path);
  if (!strange && parts.every((part) => part !== '' && part !== '.' && part !== '..')) return path;
  throw new VidstyleError('usage', `${JSON.stringify(path)} is no path below the archive.`);
}
