import type { SampleFormat } from '../media/frames.js';
import { halfTable } from './half.js';
import { maxSample, rangeOf, steps, type PictureFormat, type Region, type Samples } from './pixels.js';
import type { TensorData } from './tensor.js';

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
    const values = this.#halves ? decodeHalves(tensor, this.#halves) : tensor;
    for (let y = 0; y < height; y += 1) {
      const from = y * region.width * pixelStep;
      const to = ((region.y + y) * frameWidth + region.x) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        const [first, sample] = [from + channel * channelStep, to + channel];
        if (fade) this.#fadeRow(values, first, pixelStep, frame, sample, width, fade);
        else this.#replaceRow(values, first, pixelStep, frame, sample, width);
      }
    }
  }

  #replaceRow(
    values: TensorData,
    from: number,
    step: number,
    frame: Samples,
    to: number,
    width: number,
  ): void {
    const [gain, offset, max] = [this.#gain, this.#offset, this.#max];
    const end = to + width * 3;
    for (let at = from, sample = to; sample < end; at += step, sample += 3) {
      frame[sample] = clampRound((values[at] as number) * gain + offset, max);
    }
  }

  #fadeRow(
    values: TensorData,
    from: number,
    step: number,
    frame: Samples,
    to: number,
    width: number,
    fade: Float32Array,
  ): void {
    const [gain, offset, max] = [this.#gain, this.#offset, this.#max];
    for (let x = 0, at = from, sample = to; x < width; x += 1, at += step, sample += 3) {
      const value = clampRound((values[at] as number) * gain + offset, max);
      frame[sample] = blend(frame[sample] as number, value, fade[x] as number);
    }
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
        frame[to + i] = blend(frame[to + i] as number, rows[from + i] as number, weight);
    }
  }
}

function decodeHalves(bits: TensorData, table: Float32Array): Float32Array {
  return Float32Array.from(bits, (value) => table[value] as number);
}

function clampRound(value: number, max: number): number {
  if (!(value > 0)) return 0; // not a number, too
  return value >= max ? max : (value + 0.5) | 0;
}

function blend(before: number, sample: number, weight: number): number {
  return Math.round(before + weight * (sample - before));
}
