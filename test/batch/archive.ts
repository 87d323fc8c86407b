import { createHash } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BatchWork } from '../../src/batch/spec.js';
import { frameBytes, openVideo } from '../../src/media/index.js';
import { evenTimes, makeClip, type ClipOptions } from '../fixtures/clips.js';
import { makePresets } from '../fixtures/presets.js';

/** A folder for an archive and its results, and what is done to its files. */
export interface TestArchive {
  readonly archive: string;
  readonly out: string;
  readonly work: BatchWork;
  readonly presets: string;
}

/** An archive of small clips: path → what the clip holds. */
export async function makeArchive(clips: Readonly<Record<string, ClipOptions>>): Promise<TestArchive> {
  const root = await mkdtemp(join(tmpdir(), 'vidstyle-batch-'));
  const presets = await makePresets();
  const archive = join(root, 'archive');
  for (const [path, options] of Object.entries(clips)) {
    await mkdir(dirname(join(archive, path)), { recursive: true });
    await makeClip(join(archive, path), options);
  }
  return {
    ...{ archive, out: join(root, 'done'), presets },
    work: { command: 'restyle', style: 'mosaic:0.7,wave:0.3', presets, preset: 'ultrafast' },
  };
}

/** A clip of so many frames with a key frame every five, sound and a subtitle. */
export function longClip(frames: number): ClipOptions {
  return {
    times: evenTimes(frames),
    sound: ['eng', 'deu'],
    subtitles: [{ start: 0.2, seconds: 0.1, text: 'Hello' }],
    metadata: { title: 'A long one' },
  };
}

/** A line a frame: its time and what its pixels hash to. */
export async function frameHashes(path: string): Promise<string[]> {
  await using video = await openVideo(path);
  const pixels = new Uint8Array(frameBytes(video.geometry));
  const lines: string[] = [];
  for await (const frame of video.frames()) {
    frame.read(pixels);
    frame.close();
    lines.push(`${frame.ptsTicks} ${createHash('sha1').update(pixels).digest('hex')}`);
  }
  return lines;
}
