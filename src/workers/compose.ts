import { maxSample, samplesOf, type Samples } from '../engines/pixels.js';
import type { FrameGeometry } from '../media/frames.js';
import { matchHistogram } from '../metrics/histogram.js';
import type { Raster } from '../metrics/raster.js';

/** What happens between the network's result and the output, besides strength and style. */
export interface ComposeOptions {
  /** Take only the luma of the result and leave the input's colours. */
  readonly keepColors?: boolean;
  /** At last, give each channel the input's histogram: Johnson et al. 2016, section 4.2. */
  readonly matchHistogram?: boolean;
}

/** One frame to compose; pixels are packed RGB of one and the same sample format. */
export interface Composition extends ComposeOptions {
  readonly input: Uint8Array;
  readonly inputGeometry: FrameGeometry;
  /** The network's result, changed in place. Its size is the input's times a whole number. */
  readonly result: Uint8Array;
  readonly outputGeometry: FrameGeometry;
  readonly strength: number;
  /** 0..255 per input pixel; absent: everywhere. */
  readonly mask?: Uint8Array | undefined;
}

/**
 * Blends the input x into the network's result ŷ, in place: `x + a·(ŷ − x)`, where a is the strength times the mask.
 * With `keepColors` every channel moves by the change of luma alone: `x + a·(Y(ŷ) − Y(x))`, Y with the weights of
 * ITU-R BT.601 (luminance-only transfer, Gatys et al. 2016, arXiv 1606.05897, section 5). For an upscaled result x is
 * the input enlarged bilinearly.
 */
export function compose(frame: Composition): void {
  blend(frame);
  if (frame.matchHistogram) matchToInput(frame);
}

function blend(frame: Composition): void {
  if (frame.strength >= 1 && !frame.keepColors && !frame.mask) return;
  const { width, height, format } = frame.outputGeometry;
  const max = maxSample(format);
  const result = samplesOf(frame.result, format);
  const rowLength = width * 3;
  const reference = referenceRows(frame);
  const weights = weightRows(frame);
  const blendRow = frame.keepColors ? blendLumaRow : blendColorRow;
  for (let y = 0; y < height; y += 1) {
    blendRow(result.subarray(y * rowLength, (y + 1) * rowLength), reference(y), weights(y), max);
  }
}

function matchToInput({ input, inputGeometry, result, outputGeometry }: Composition): void {
  const picture = asRaster(result, outputGeometry);
  picture.data.set(matchHistogram(picture, asRaster(input, inputGeometry)).data);
}

function asRaster(bytes: Uint8Array, { width, height, format }: FrameGeometry): Raster<Samples> {
  return { width, height, channels: 3, data: samplesOf(bytes, format) };
}

type Row = Samples | Float32Array;

function blendColorRow(result: Samples, input: Row, weights: Float32Array, max: number): void {
  for (let i = 0, x = 0; i < result.length; i += 3, x += 1) {
    const weight = weights[x] ?? 0;
    for (let channel = i; channel < i + 3; channel += 1) {
      const from = input[channel] ?? 0;
      result[channel] = clampRound(from + weight * ((result[channel] ?? 0) - from), max);
    }
  }
}

function blendLumaRow(result: Samples, input: Row, weights: Float32Array, max: number): void {
  for (let i = 0, x = 0; i < result.length; i += 3, x += 1) {
    const r = input[i] ?? 0;
    const g = input[i + 1] ?? 0;
    const b = input[i + 2] ?? 0;
    const lumaChange =
      0.299 * ((result[i] ?? 0) - r) +
      0.587 * ((result[i + 1] ?? 0) - g) +
      0.114 * ((result[i + 2] ?? 0) - b);
    const shift = (weights[x] ?? 0) * lumaChange;
    result[i] = clampRound(r + shift, max);
    result[i + 1] = clampRound(g + shift, max);
    result[i + 2] = clampRound(b + shift, max);
  }
}

function clampRound(value: number, max: number): number {
  if (value <= 0) return 0;
  return value >= max ? max : (value + 0.5) | 0;
}

/** The input at the output's size, row by row. */
function referenceRows(frame: Composition): (y: number) => Row {
  const { width, height, format } = frame.inputGeometry;
  const input = samplesOf(frame.input, format);
  const rowLength = width * 3;
  const rowAt = (y: number): Samples => input.subarray(y * rowLength, (y + 1) * rowLength);
  if (frame.outputGeometry.width === width) return rowAt;

  const scale = frame.outputGeometry.width / width;
  const enlarged = new Float32Array(frame.outputGeometry.width * 3);
  return (y) => {
    const vertical = between(y, scale, height);
    enlargeRow(rowAt(vertical.low), rowAt(vertical.high), vertical.share, scale, enlarged);
    return enlarged;
  };
}

function enlargeRow(above: Samples, below: Samples, share: number, scale: number, into: Float32Array): void {
  const width = above.length / 3;
  for (let x = 0; x < into.length / 3; x += 1) {
    const horizontal = between(x, scale, width);
    for (let channel = 0; channel < 3; channel += 1) {
      const left = horizontal.low * 3 + channel;
      const right = horizontal.high * 3 + channel;
      const top = mix(above[left] ?? 0, above[right] ?? 0, horizontal.share);
      const bottom = mix(below[left] ?? 0, below[right] ?? 0, horizontal.share);
      into[x * 3 + channel] = mix(top, bottom, share);
    }
  }
}

/** The two input samples around an output sample's centre, and the second one's share. */
function between(
  position: number,
  scale: number,
  size: number,
): { low: number; high: number; share: number } {
  const centre = Math.min(Math.max((position + 0.5) / scale - 0.5, 0), size - 1);
  const low = Math.floor(centre);
  return { low, high: Math.min(low + 1, size - 1), share: centre - low };
}

function mix(a: number, b: number, share: number): number {
  return a + share * (b - a);
}

/** Strength times mask, row by row, at the output's size. */
function weightRows({
  mask,
  strength,
  inputGeometry,
  outputGeometry,
}: Composition): (y: number) => Float32Array {
  const weights = new Float32Array(outputGeometry.width).fill(strength);
  if (!mask) return () => weights;
  const scale = outputGeometry.width / inputGeometry.width;
  return (y) => {
    const row = Math.floor(y / scale) * inputGeometry.width;
    for (let x = 0; x < weights.length; x += 1) {
      weights[x] = (strength * (mask[row + Math.floor(x / scale)] ?? 0)) / 255;
    }
    return weights;
  };
}
