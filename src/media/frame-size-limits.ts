import { VidstyleError } from '../errors.js';
import type { FrameGeometry } from './frames.js';

interface Limit {
  /** FFmpeg's encoders of the format: `libx264`, `h264_nvenc`, … */
  readonly encoders: RegExp;
  readonly format: string;
  /** Luma samples of the largest frame of the highest level. */
  readonly samples: number;
  /** Longest side in pixels. */
  readonly side: number;
}

/**
 * The highest levels: H.264 6.2 (ITU-T H.264, table A-1: 139,264 macroblocks, sides up to √(8 · 139,264) of them), HEVC 6.2
 * (H.265, table A.8) and AV1 6.3 (annex A.3). The encoders write larger frames all the same; decoders refuse them.
 */
const limits: readonly Limit[] = [
  { encoders: /264/, format: 'H.264', samples: 35_651_584, side: 16_880 },
  { encoders: /265|hevc/, format: 'HEVC', samples: 35_651_584, side: 16_888 },
  { encoders: /av1/, format: 'AV1', samples: 35_651_584, side: 16_384 },
  { encoders: /^mpeg[124]/, format: 'MPEG-1, 2 and 4', samples: 8191 * 8191, side: 8191 },
];

/**
 * Refuses frames that no player of the encoder's format would have to show.
 * @throws VidstyleError `output` naming the limit and what has none
 */
export function checkFrameSize(encoder: string, { width, height }: FrameGeometry): void {
  const limit = limits.find(({ encoders }) => encoders.test(encoder));
  if (!limit || (width * height <= limit.samples && Math.max(width, height) <= limit.side)) return;
  const most = `${(limit.samples / 1e6).toFixed(1)} million pixels and ${limit.side} a side`;
  throw new VidstyleError(
    'output',
    `${limit.format} holds frames of up to ${most}; ${width}×${height} is more. ` +
      'Enlarge less, or take an encoder without that limit: --codec ffv1 or libvpx-vp9 into an .mkv.',
  );
}
