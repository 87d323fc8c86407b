import type { Tensor4D, Tf } from '../nets/tfjs.js';
import { crop } from '../metrics/crop.js';
import type { Raster } from '../metrics/raster.js';
import {
  cropPair,
  drift,
  reduce,
  spoil,
  type Degradation,
  type ResolutionPair,
  type Square,
} from './degrade.js';
import { readPixels, type PhotoSet, type Pixels } from './photos.js';
import { randomAt } from './random.js';

export interface PatchOptions {
  readonly scale: number;
  /** Side of the low-resolution patches. Pixels. */
  readonly side: number;
  readonly seed: number;
  readonly degradation: Degradation;
}

/** Reduced photographs kept in memory, up to this many bytes; what does not fit is reduced anew each time. */
const keptBytes = 1.5e9;

/** Frames of a stored shot: enough for one of each kind, and for damage that is carried over. */
const shotFrames = 4;

/** Random patches of photographs at both resolutions. The chance of a patch depends on its position alone. */
export class PatchSource {
  private readonly kept = new Map<number, ResolutionPair>();
  private bytes = 0;

  constructor(
    private readonly photos: PhotoSet,
    private readonly options: PatchOptions,
  ) {}

  /** The patch of a position in the endless random order of photographs, turned and mirrored at random. */
  async at(position: number): Promise<ResolutionPair> {
    const { seed, side, scale, degradation } = this.options;
    const pair = await this.pair(this.photos.indexAt(position));
    const random = randomAt(seed, 'patch', position);
    const left = Math.floor(random() * (pair.low.width - side + 1));
    const top = Math.floor(random() * (pair.low.height - side + 1));
    const turn = Math.floor(random() * 8);
    const area = { left, top, size: side };
    const { high, low } = cropPair(pair, scale, area);
    const input = degradation.spoilt ? await this.stored(pair.low, area, random) : low;
    return { high: turned(high, turn), low: turned(input, turn) };
  }

  /** An area of a picture as a frame of a badly stored shot over it shows it. */
  private stored(
    picture: Raster<Uint8Array>,
    area: Square,
    random: () => number,
  ): Promise<Raster<Uint8Array>> {
    const which = Math.floor(random() * shotFrames);
    const areas = drift(area, picture, { frames: shotFrames, which }, random);
    const shot = areas.map((each) => crop(picture, each));
    return spoil(shot, which, random, this.options.degradation.softness);
  }

  private async pair(index: number): Promise<ResolutionPair> {
    const known = this.kept.get(index);
    if (known) return known;
    const { scale, degradation } = this.options;
    const photo: Pixels = await this.photos.read(index, (file) => readPixels(file));
    const pair = reduce(photo, scale, degradation);
    const bytes = pair.high.data.byteLength + pair.low.data.byteLength;
    if (this.bytes + bytes <= keptBytes && !this.kept.has(index)) {
      this.kept.set(index, pair);
      this.bytes += bytes;
    }
    return pair;
  }
}

/** One of a square's eight symmetries: bit 0 mirrors columns, bit 1 rows, bit 2 exchanges the two. */
export function turned(square: Raster<Uint8Array>, turn: number): Raster<Uint8Array> {
  if (turn === 0) return square;
  const { width: side, channels, data } = square;
  const result = new Uint8Array(data.length);
  const [column, row] = [turn & 1 ? -1 : 1, turn & 2 ? -side : side].map((step) => step * channels) as [
    number,
    number,
  ];
  const start = (turn & 1 ? side - 1 : 0) * channels + (turn & 2 ? side - 1 : 0) * side * channels;
  const [alongRow, alongColumn] = turn & 4 ? [row, column] : [column, row];
  for (let y = 0, at = 0; y < side; y++) {
    let from = start + y * alongColumn;
    for (let x = 0; x < side; x++, from += alongRow) {
      for (let c = 0; c < channels; c++) result[at++] = data[from + c] as number;
    }
  }
  return { ...square, data: result };
}

/** Packs pictures of one size as `[b, h, w, 3]`, or their full-range BT.601 luminance as `[b, h, w, 1]`; 0..255. */
export function toTensor(
  tf: Tf,
  pictures: readonly Raster<Uint8Array>[],
  channels: 'rgb' | 'luma',
): Tensor4D {
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const depth = channels === 'rgb' ? 3 : 1;
  const data = new Float32Array(pictures.length * width * height * depth);
  pictures.forEach((picture, i) => {
    const values = channels === 'rgb' ? picture.data : fullRangeLuma(picture.data);
    data.set(values, i * width * height * depth);
  });
  return tf.tensor4d(data, [pictures.length, height, width, depth]);
}

/** The luminance that luma networks work on: 0.299 R + 0.587 G + 0.114 B, unrounded. */
function fullRangeLuma(rgb: Uint8Array): Float32Array {
  const luma = new Float32Array(rgb.length / 3);
  for (let i = 0, from = 0; i < luma.length; i++, from += 3) {
    luma[i] = 0.299 * (rgb[from] ?? 0) + 0.587 * (rgb[from + 1] ?? 0) + 0.114 * (rgb[from + 2] ?? 0);
  }
  return luma;
}
