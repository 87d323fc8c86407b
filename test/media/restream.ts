import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { OpenVideoOptions, VideoSinkOptions } from '../../src/media/index.js';
import { createVideoSink, frameBytes, openVideo } from '../../src/media/index.js';
import { timesOf } from './times-of.js';

/** A folder for one test file's clips, removed when its tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vidstyle-media-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Reads a video and writes it again unchanged; returns the sentences that were announced. */
export async function restream(
  input: string,
  output: string,
  options: { readonly open?: OpenVideoOptions; readonly sink?: VideoSinkOptions } = {},
): Promise<string[]> {
  const notices: string[] = [];
  const onNotice = (sentence: string): void => void notices.push(sentence);
  await using source = await openVideo(input, { onNotice, ...options.open });
  await using sink = await createVideoSink(output, source, {
    onNotice,
    preset: 'ultrafast',
    ...options.sink,
  });
  const pixels = new Uint8Array(new SharedArrayBuffer(frameBytes(source.geometry)));
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    await sink.write({ ...timesOf(frame), pixels });
  }
  await sink.finish();
  return notices;
}

/** Which files this process has open inside a folder (Linux; none elsewhere). */
export function openFilesIn(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // closed in the meantime
    }
  });
}
