import type { SampleFormat } from '../media/frames.js';
import { halfTable, toHalfBits } from './half.js';
import type { TensorLayout, ValueRange } from './model-hints.js';
import type { ElementType, Tensor, TensorData } from './tensor.js';

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

export function maxSample(format: SampleFormat): number {
  return format === 'rgb8' ? 255 : 65535;
}

/** Whether a frame's samples are the tensor's elements as they stand. */
export function isPlainCopy({ type, layout, channels, range }: PictureFormat, format: SampleFormat): boolean {
  if (layout !== 'nhwc' || channels !== 3) return false;
  if (format === 'rgb8') return type === 'uint8' && (range === 'samples' || range === '0..255');
  return type === 'uint16' && range === 'samples';
}

/** Copies a region of a frame into tensors of one format; luma is that of ITU-R BT.601. */
export class Packer {
  readonly #format: PictureFormat;
  /** The tensor's value for every sample there is. */
  readonly #values: TensorData;

  constructor(format: PictureFormat, sampleFormat: SampleFormat) {
    this.#format = format;
    this.#values = valueTable(format, maxSample(sampleFormat));
  }

  pack(frame: Samples, frameWidth: number, frameHeight: number, region: Region, tensor: Tensor): void {
    const { data } = tensor;
    const values = this.#values;
    const { channels } = this.#format;
    const { pixelStep, channelStep } = steps(this.#format, region.width * region.height);
    const columns = mirrored(region.x, region.width, frameWidth);
    const rows = mirrored(region.y, region.height, frameHeight);
    let at = 0;
    for (const row of rows) {
      const rowStart = row * frameWidth * 3;
      for (const column of columns) {
        const from = rowStart + column * 3;
        const red = frame[from] ?? 0;
        const green = frame[from + 1] ?? 0;
        const blue = frame[from + 2] ?? 0;
        if (channels === 3) {
          data[at] = values[red] ?? 0;
          data[at + channelStep] = values[green] ?? 0;
          data[at + 2 * channelStep] = values[blue] ?? 0;
        } else {
          data[at] = values[Math.round(0.299 * red + 0.587 * green + 0.114 * blue)] ?? 0;
        }
        at += pixelStep;
      }
    }
  }
}

/** Writes tensors of one format into a frame, rounded and clipped; luma becomes grey. */
export class Unpacker {
  readonly #format: PictureFormat;
  readonly #halves: Float32Array | undefined;
  readonly #gain: number;
  readonly #offset: number;
  readonly #max: number;

  constructor(format: PictureFormat, sampleFormat: SampleFormat) {
    const { gain, offset } = rangeOf(format.range, maxSample(sampleFormat));
    this.#format = format;
    this.#halves = format.type === 'float16' ? halfTable() : undefined;
    this.#gain = 1 / gain;
    this.#offset = -offset / gain;
    this.#max = maxSample(sampleFormat);
  }

  /**
   * Writes the part of the tensor's picture that lies inside the frame, its corner at `region`.
   *
   * @param fade how much of each column shows over what the frame holds; absent: all of it.
   */
  unpack(
    tensor: TensorData,
    region: Region,
    frame: Samples,
    frameWidth: number,
    frameHeight: number,
    fade?: Float32Array,
  ): void {
    const { pixelStep, channelStep } = steps(this.#format, region.width * region.height);
    const width = Math.min(region.width, frameWidth - region.x);
    const height = Math.min(region.height, frameHeight - region.y);
    for (let y = 0; y < height; y += 1) {
      let from = y * region.width * pixelStep;
      let to = ((region.y + y) * frameWidth + region.x) * 3;
      for (let x = 0; x < width; x += 1, from += pixelStep, to += 3) {
        const weight = fade?.[x] ?? 1;
        for (let channel = 0; channel < 3; channel += 1) {
          const sample = this.#sample(tensor[from + channel * channelStep] ?? 0);
          frame[to + channel] = weight === 1 ? sample : blend(frame[to + channel] ?? 0, sample, weight);
        }
      }
    }
  }

  #sample(element: number): number {
    const value = (this.#halves ? (this.#halves[element] ?? 0) : element) * this.#gain + this.#offset;
    if (!(value > 0)) return 0;
    return value >= this.#max ? this.#max : (value + 0.5) | 0;
  }
}

/** Writes rows of samples into a frame from its row `y` on, each faded over what the frame holds. */
export function fadeRows(
  rows: Samples,
  frame: Samples,
  rowLength: number,
  y: number,
  fade: Float32Array,
): void {
  const count = Math.min(fade.length, frame.length / rowLength - y);
  for (let row = 0; row < count; row += 1) {
    const weight = fade[row] ?? 1;
    const from = row * rowLength;
    const to = (y + row) * rowLength;
    if (weight === 1) frame.set(rows.subarray(from, from + rowLength), to);
    else if (weight > 0) {
      for (let i = 0; i < rowLength; i += 1)
        frame[to + i] = blend(frame[to + i] ?? 0, rows[from + i] ?? 0, weight);
    }
  }
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

function valueTable({ type, range }: PictureFormat, max: number): TensorData {
  const { gain, offset } = rangeOf(range, max);
  const value = (_: unknown, sample: number): number => sample * gain + offset;
  const length = max + 1;
  if (type === 'float32') return Float32Array.from({ length }, value);
  if (type === 'float16') return Uint16Array.from({ length }, (_, sample) => toHalfBits(value(_, sample)));
  if (type === 'uint8') return Uint8Array.from({ length }, (_, sample) => Math.round(value(_, sample)));
  return Uint16Array.from({ length }, (_, sample) => Math.round(value(_, sample)));
}

function blend(before: number, sample: number, weight: number): number {
  return Math.round(before + weight * (sample - before));
}

function steps(
  { layout, channels }: PictureFormat,
  pixels: number,
): { pixelStep: number; channelStep: number } {
  if (channels === 1) return { pixelStep: 1, channelStep: 0 };
  return layout === 'nchw' ? { pixelStep: 1, channelStep: pixels } : { pixelStep: 3, channelStep: 1 };
}

/** Positions `start … start + length − 1`, mirrored at the edges without repeating them (…2 1 0 1 2…). */
function mirrored(start: number, length: number, size: number): Int32Array {
  const period = Math.max(1, 2 * (size - 1));
  return Int32Array.from({ length }, (_, i) => {
    const position = (((start + i) % period) + period) % period;
    return position < size ? position : period - position;
  });
}
