import { cacheFolder } from '../paths.js';
import { verifySha256 } from './checksum.js';
import { runCommand, type CommandRunner } from './command.js';
import { downloadFile, type Downloader } from './download.js';

/** What a setup is doing, for a progress line. */
export interface SetupProgress {
  /** A sentence without its full stop, such as "Downloading tensorflow-cpu 2.15.1". */
  readonly step: string;
  /** 0..1 within the step, where known. */
  readonly fraction?: number;
}

/** What every setup needs from outside; tests and unusual machines put their own in. */
export interface SetupContext {
  /** Where things are kept; default `cacheFolder()`. */
  readonly cache: string;
  /** Runs a program; default: a child process. */
  readonly run: CommandRunner;
  /** Fetches a URL into a file; default: `fetch`. */
  readonly download: Downloader;
  /** Refuses a file of another SHA-256; default: reads it. */
  readonly verify: (file: string, sha256: string) => Promise<void>;
  /** Told what is happening; default: nobody. */
  readonly onProgress: (progress: SetupProgress) => void;
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** As `process.arch`. */
  readonly arch: string;
  /** As `process.versions.node`. */
  readonly nodeVersion: string;
  /** Ends the setup; what was begun is removed or completed by the next one. */
  readonly signal?: AbortSignal;
}

/** Options of every setup; all have defaults. */
export type SetupOptions = Partial<SetupContext>;

/** How a setup ended. */
export interface SetupResult {
  /** The folder or file that is now there. */
  readonly path: string;
  /** `present`: it was there already and nothing was done. */
  readonly outcome: 'installed' | 'present';
  /** Sentences that the user should see: where it came from, what is unusual about it. */
  readonly notices: readonly string[];
}

/** Fills in the defaults. */
export function setupContext(options: SetupOptions): SetupContext {
  return {
    cache: cacheFolder(),
    run: runCommand,
    download: downloadFile,
    verify: verifySha256,
    onProgress: () => undefined,
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    ...options,
  };
}
