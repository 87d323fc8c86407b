import type { SampleFormat } from '../media/frames.js';
import { toHalfBits } from './half.js';
import { maxSample, rangeOf, steps, type PictureFormat, type Region, type Samples } from './pixels.js';
import type { Tensor, TensorData } from './tensor.js';

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
        const red = frame[from] as number;
        const green = frame[from + 1] as number;
        const blue = frame[from + 2] as number;
        if (channels === 3) {
          data[at] = values[red] as number;
          data[at + channelStep] = values[green] as number;
          data[at + 2 * channelStep] = values[blue] as number;
        } else {
          data[at] = values[Math.round(0.299 * red + 0.587 * green + 0.114 * blue)] as number;
        }
        at += pixelStep;
      }
    }
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

/** Positions `start … start + length − 1`, mirrored at the edges without repeating them (…2 1 0 1 2…). */
function mirrored(start: number, length: number, size: number): Int32Array {
  const period = Math.max(1, 2 * (size - 1));
  return Int32Array.from({ length }, (_, i) => {
    const position = (((start + i) % period) + period) % period;
    return position < size ? position : period - position;
  });
}
