import { basename, extname } from 'node:path';
import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';

/** A container to write, as its file name's ending chooses it. */
export interface Container {
  /** FFmpeg's short name, as `mp4`, `matroska`, `webm`. */
  readonly name: string;
  readonly format: av.OutputFormat;
  /** MP4 and its relatives: QuickTime boxes, `hvc1` tags, `tx3g` subtitles. */
  readonly isoBased: boolean;
  readonly matroska: boolean;
  /** Whether codec headers go into the container rather than into every key frame. */
  readonly globalHeader: boolean;
}

/** @throws VidstyleError `output` when the ending names no container for video. */
export function chooseContainer(path: string): Container {
  const format = av.OutputFormat.guessFormat(null, path, null);
  const name = format?.name ?? '';
  if (
    !format ||
    format.videoCodec === av.AV_CODEC_ID_NONE ||
    /^image2|_pipe$|^(gif|apng|webp|ico)$/.test(name)
  ) {
    const ending = extname(path);
    const problem = ending === '' ? 'has no ending' : `ends in "${ending}"`;
    throw new VidstyleError(
      'output',
      `"${basename(path)}" ${problem}, which names no video container; use .mp4, .mov, .mkv, .webm or the like.`,
    );
  }
  return {
    name,
    format,
    isoBased: isoNames.has(name),
    matroska: name === 'matroska' || name === 'webm',
    globalHeader: format.hasFlags(av.AVFMT_GLOBALHEADER),
  };
}

const isoNames: ReadonlySet<string> = new Set(['mp4', 'mov', 'ipod', '3gp', '3g2', 'ismv', 'f4v', 'psp']);

/** Whether a container has a mark for a stream's disposition, by FFmpeg's name. */
export function holdsDisposition(container: Container, disposition: string): boolean {
  if (disposition === 'default' || disposition === 'attached_pic')
    return container.isoBased || container.matroska;
  if (container.matroska) return matroskaMarks.has(disposition);
  return container.isoBased && container.name !== 'mov' && isoMarks.has(disposition);
}

const matroskaMarks: ReadonlySet<string> = new Set([
  ...['forced', 'original', 'comment', 'hearing_impaired', 'visual_impaired', 'descriptions'],
]);
const isoMarks: ReadonlySet<string> = new Set([
  'forced',
  'dub',
  'comment',
  'hearing_impaired',
  'visual_impaired',
]);
