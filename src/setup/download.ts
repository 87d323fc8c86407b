import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { abortedError, isVidstyleError, messageOf, VidstyleError } from '../errors.js';

/** How to fetch a file. */
export interface DownloadOptions {
  /** More bytes than this are refused. */
  readonly limitBytes: number;
  /** Told how much has come; `total` is what the server announced. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fetches a URL into a new file; what was written stays for the caller to remove if it fails.
 * @throws VidstyleError `setup` if the server cannot be reached, answers with an error or sends too much; `aborted`
 */
export type Downloader = (url: string, file: string, options: DownloadOptions) => Promise<void>;

/** A {@link Downloader} over HTTP that follows redirects. */
export const downloadFile: Downloader = async (url, file, { limitBytes, onBytes, signal }) => {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (!response.ok || !response.body) {
      throw new VidstyleError('setup', `${url} answered ${String(response.status)} ${response.statusText}.`);
    }
    const announced = Number(response.headers.get('content-length'));
    const total = announced > 0 ? announced : undefined;
    let received = 0;
    const meter = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        received += chunk.byteLength;
        onBytes?.(received, total);
        done(received > limitBytes ? tooLarge(url, limitBytes) : null, chunk);
      },
    });
    if (total !== undefined && total > limitBytes) throw tooLarge(url, limitBytes);
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file, { flags: 'wx' }));
  } catch (cause) {
    if (signal?.aborted) throw abortedError(signal);
    if (isVidstyleError(cause)) throw cause;
    throw new VidstyleError('setup', `${url} cannot be fetched: ${reason(cause)}.`, { cause });
  }
};

function tooLarge(url: string, limitBytes: number): VidstyleError {
  return new VidstyleError('setup', `${url} sends more than the ${String(limitBytes)} bytes expected.`);
}

/** `fetch` says only "fetch failed"; what failed is in the cause. */
function reason(error: unknown): string {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  return messageOf(cause ?? error);
}
