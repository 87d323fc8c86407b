import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all bytes at a place of a file. A single write may take fewer without an error, as on a disk that is nearly full;
 * the next one then says why.
 */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
