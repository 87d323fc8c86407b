import { availableParallelism } from 'node:os';
import { VidstyleError } from '../errors.js';
import type { EncoderWishes } from './encoder-choice.js';
import type { FrameGeometry } from './frames.js';
import { readHdr, x265Parameters } from './hdr-metadata.js';
import type { VideoSource } from './open-video.js';

/** The settings of an encoder, by FFmpeg's names: what the caller wishes, else near transparency at a usual speed. */
export function encoderOptions(
  encoder: string,
  source: VideoSource,
  geometry: FrameGeometry,
  wishes: EncoderWishes,
): Record<string, string> {
  const options = {
    ...qualityOptions(encoder, wishes),
    ...(encoder === 'libx264' && frugal(geometry)),
    ...stringValues(wishes.encoderOptions),
  };
  if (encoder !== 'libx265') return options;
  // x265 writes to the terminal unless it is told not to, and takes HDR metadata as parameters only.
  const wished = options['x265-params'];
  const parameters = [
    'log-level=none',
    ...x265Parameters(readHdr(source)),
    ...(wished === undefined ? [] : [wished]),
  ];
  return { ...options, 'x265-params': parameters.join(':') };
}

/** Constant quality near transparency, at each encoder's usual balance of speed and size. */
function qualityOptions(encoder: string, wishes: EncoderWishes): Record<string, string> {
  const crf = wishes.crf === undefined ? undefined : String(wishes.crf);
  const { preset } = wishes;
  // On restyled pictures `faster` is as good and as small as `medium` at half the time (bench/encoder-presets).
  if (encoder.startsWith('libx264')) return { crf: crf ?? '18', preset: preset ?? 'faster' };
  if (encoder === 'libx265') return { crf: crf ?? '20', preset: preset ?? 'medium' };
  if (encoder === 'libsvtav1') return { crf: crf ?? '25', preset: preset ?? '8' };
  if (encoder.startsWith('libvpx')) {
    return { crf: crf ?? '20', b: '0', deadline: 'good', 'cpu-used': preset ?? '4', 'row-mt': '1' };
  }
  if (encoder.endsWith('_nvenc')) return { rc: 'vbr', cq: crf ?? '19', b: '0', preset: preset ?? 'p5' };
  if (encoder.endsWith('_vaapi') || encoder.endsWith('_qsv'))
    return { global_quality: crf ?? '20', ...(preset && { preset }) };
  if (encoder === 'mpeg4' || encoder === 'mpeg2video')
    return { flags: '+qscale', global_quality: String(118 * Number(crf ?? 3)) };
  return { ...(crf && { crf }), ...(preset && { preset }) };
}

/**
 * x264 keeps 40 frames to look ahead at, and half as many threads again as there are cores, each with frames of its own,
 * whatever their size. Large ones get by with 8, none of them for its own synchronisation, and a thread a core.
 */
function frugal({ width, height }: FrameGeometry): Record<string, string> {
  if (width * height <= 1280 * 720) return {};
  const threads = String(availableParallelism());
  return { 'rc-lookahead': '8', threads, 'x264-params': 'sync-lookahead=0' };
}

/** x264 and x265 would name a wrong preset on the terminal themselves. */
export function checkPreset(encoder: string, preset: string | undefined): void {
  if (preset === undefined || !/^libx26[45]/.test(encoder) || xPresets.includes(preset)) return;
  throw new VidstyleError('usage', `--preset ${preset}: ${encoder} has ${xPresets.join(', ')}.`);
}

const xPresets = 'ultrafast superfast veryfast faster fast medium slow slower veryslow placebo'.split(' ');

function stringValues(options: Readonly<Record<string, string | number>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
}
