import type { SampleFormat } from '../media/frames.js';
import type { TensorLayout, ValueRange } from './model-hints.js';
import type { ElementType } from './tensor.js';

/** Packed RGB samples of one depth. */
export type Samples = Uint8Array | Uint16Array;

/** How a picture lies in a tensor. */
export interface PictureFormat {
  readonly type: ElementType;
  readonly layout: TensorLayout;
  /** 3: RGB; 1: luma alone. */
  readonly channels: 1 | 3;
  readonly range: ValueRange | 'samples';
}

/** A rectangle of a frame, which may reach beyond it: what is outside mirrors what is inside. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A frame's bytes as samples. */
export function samplesOf(bytes: Uint8Array, format: SampleFormat): Samples {
  if (format === 'rgb8') return bytes;
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

/** White. */
export function maxSample(format: SampleFormat): number {
  return format === 'rgb8' ? 255 : 65535;
}

/** Whether a frame's samples are the tensor's elements as they stand. */
export function isPlainCopy({ type, layout, channels, range }: PictureFormat, format: SampleFormat): boolean {
  if (layout !== 'nhwc' || channels !== 3) return false;
  if (format === 'rgb8') return type === 'uint8' && (range === 'samples' || range === '0..255');
  return type === 'uint16' && range === 'samples';
}

/** A tensor's value is sample × gain + offset. */
export function rangeOf(range: PictureFormat['range'], max: number): { gain: number; offset: number } {
  switch (range) {
    case 'samples':
      return { gain: 1, offset: 0 };
    case '0..1':
      return { gain: 1 / max, offset: 0 };
    case '0..255':
      return { gain: 255 / max, offset: 0 };
    case '-1..1':
      return { gain: 2 / max, offset: -1 };
  }
}

/** How far apart a tensor's pixels and channels are. */
export function steps(
  { layout, channels }: PictureFormat,
  pixels: number,
): { pixelStep: number; channelStep: number } {
  if (channels === 1) return { pixelStep: 1, channelStep: 0 };
  return layout === 'nchw' ? { pixelStep: 1, channelStep: pixels } : { pixelStep: 3, channelStep: 1 };
}
