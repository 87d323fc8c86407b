import type { Chapter } from './chapters.js';
import { writeIsoChapters } from './chapters-iso.js';
import { writeMatroskaChapters } from './chapters-matroska.js';
import type { Container } from './container.js';
import type { Cut } from './cut.js';
import type { VideoSource } from './open-video.js';

/**
 * Writes the source's chapters into a finished file. FFmpeg's muxers would, but node-av does not bind
 * `AVFormatContext.chapters`.
 */
export async function writeChapters(
  path: string,
  container: Container,
  source: VideoSource,
  notice: (sentence: string) => void,
): Promise<void> {
  const chapters = cutChapters(source.info.chapters, source.cut);
  if (chapters.length === 0) return;
  if (container.isoBased) await writeIsoChapters(path, chapters);
  else if (container.matroska) await writeMatroskaChapters(path, chapters);
  else notice(`The chapters are left out: ${container.name} has no place for them.`);
}

/** The chapters inside a cut, in the time of the output. */
export function cutChapters(chapters: readonly Chapter[], cut: Cut): Chapter[] {
  const origin = cut.startMicroseconds === undefined ? 0 : Number(cut.startMicroseconds) / 1e6;
  const end = cut.endMicroseconds === undefined ? Infinity : Number(cut.endMicroseconds) / 1e6;
  return chapters
    .filter(
      (chapter) =>
        chapter.startSeconds < end && (chapter.endSeconds > origin || chapter.startSeconds >= origin),
    )
    .map(({ startSeconds, endSeconds, metadata }) => ({
      startSeconds: Math.max(0, startSeconds - origin),
      endSeconds: Math.min(endSeconds, end) - origin,
      metadata,
    }));
}
