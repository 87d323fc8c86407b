import { extname } from 'node:path';
import { VidstyleError } from '../errors.js';
import { checkInputFile, isUrl, sniffFile } from './input-checks.js';
import type { OpenVideoOptions, VideoSource } from './open-video.js';
import { openVideo } from './open-video.js';
import { openSegment } from './open-segment.js';
import type { PictureSource } from './picture-source.js';
import { openPicture } from './picture-source.js';

/** An opened input, told apart by what it is. */
export type MediaSource =
  | { readonly kind: 'video'; readonly source: VideoSource }
  | { readonly kind: 'picture'; readonly source: PictureSource };

/**
 * Opens a video or a picture, whichever the file's contents are; its name decides nothing.
 *
 * @throws VidstyleError `input` as {@link openVideo} and {@link openPicture} do, and for a picture named like a video.
 */
export async function openSource(path: string, options: OpenVideoOptions = {}): Promise<MediaSource> {
  const format = isUrl(path) ? undefined : await sniffPicture(path);
  if (format === undefined) return { kind: 'video', source: await openAnyVideo(path, options) };
  if (videoEndings.test(extname(path))) {
    throw new VidstyleError(
      'input',
      `"${path}" is a ${format} picture, not a video: its name ends in "${extname(path)}".`,
    );
  }
  return { kind: 'picture', source: await openPicture(path, options) };
}

function openAnyVideo(path: string, options: OpenVideoOptions): Promise<VideoSource> {
  return options.range ? openSegment(path, options) : openVideo(path, options);
}

const videoEndings = /^\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|mpg|mpeg|flv|wmv|ogv|3gp|mxf)$/i;

/** The name of a still picture's format by its first bytes; undefined for anything else. */
export async function sniffPicture(path: string): Promise<string | undefined> {
  await checkInputFile(path);
  const head = await sniffFile(path);
  const text = head.toString('latin1');
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return text.includes('acTL') ? undefined : 'PNG';
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (/^RIFF[^]{4}WEBP/.test(text)) return 'WebP';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'TIFF';
  if (/^[^]{4}ftypavif/.test(text)) return 'AVIF';
  return undefined;
}
