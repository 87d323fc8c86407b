import { VidstyleError } from '../errors.js';
import { encoderByName } from './encoder-choice.js';
import type { FrameGeometry } from './frames.js';
import * as av from './node-av.js';
import { describePixelFormat } from './pixel-format.js';
import type { Rational } from './rational.js';
import { VideoEncoder } from './video-encoder.js';

/** How pictures that come of no file are encoded. */
export interface X264Settings {
  readonly frameRate: Rational;
  /** x264's and FFmpeg's options by FFmpeg's names. */
  readonly options: Readonly<Record<string, string>>;
  /** 4:4:4 in place of 4:2:0, which takes even sides only. */
  readonly fullChroma?: boolean;
  /** Headers apart from the packets, as most containers have them. */
  readonly globalHeader: boolean;
}

/**
 * Opens x264 for packed RGB that comes of no file, a tick of the time base a frame, with square pixels. It becomes limited-range
 * BT.709, what players expect of video.
 *
 * @throws VidstyleError `output` when the encoder is missing or refuses to start
 */
export function openX264(
  { width, height }: Pick<FrameGeometry, 'width' | 'height'>,
  { frameRate, options, fullChroma = false, globalHeader }: X264Settings,
): Promise<VideoEncoder> {
  const codec = encoderByName('libx264');
  if (!codec) throw new VidstyleError('output', 'FFmpeg has no H.264 encoder here.');
  const pixelFormat = fullChroma ? av.AV_PIX_FMT_YUV444P : av.AV_PIX_FMT_YUV420P;
  return VideoEncoder.open(
    { codec, name: 'libx264', pixelFormat, options, notices: [] },
    {
      info: { video: { frameRate, interlaced: 'no', pixelFormat: describePixelFormat('rgb24') } },
      timeBase: { num: frameRate.den, den: frameRate.num },
      sampleAspectRatio: { num: 1, den: 1 },
      firstPicture: undefined,
    },
    { width, height, format: 'rgb8' },
    { globalHeader, codecTag: undefined },
  );
}
