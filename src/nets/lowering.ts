import { mergeEdgeBranches } from './edge-branches.js';
import type { Conv, Layer, Network, Norm } from './layers.js';
import type { WeightArray, Weights } from './weights.js';

/** Nearest-neighbour enlargement by 2 and a 3×3 convolution after it, as four 2×2 convolutions before it. */
export interface UpsampledConv {
  readonly kind: 'upsampled-conv';
  readonly name: string;
}

/** Normalisation of channels whose four sub-pixels lie in four neighbouring channels. */
export interface SubpixelNorm {
  readonly kind: 'subpixel-norm';
  readonly norm: Norm;
}

/** A 3×3 convolution of the enlarged picture, written for its sub-pixels at the size before. */
export interface SubpixelConv {
  readonly kind: 'subpixel-conv';
  readonly name: string;
}

export type LoweredLayer = Layer | UpsampledConv | SubpixelNorm | SubpixelConv;

/** Layers as they are computed, and the weights that belong to them. */
export interface LoweredNetwork {
  readonly layers: readonly LoweredLayer[];
  readonly weights: Weights;
}

/**
 * The same function in fewer operations at large sizes, for running it: what comes after an enlargement is moved before it.
 *
 * - A 3×3 convolution of a picture whose pixels were doubled sees each of them more than once: for each of the four
 *   sub-pixels it is a 2×2 convolution of the small picture, 16 products in place of 36.
 * - Normalisation, ReLU and a last 3×3 convolution after a pixel shuffle work on the unshuffled channels as well, and
 *   then only three channels have to be shuffled.
 *
 * Mirroring the large picture's edge, as reflection padding does, repeats the small picture's edge.
 */
export function lower(network: Network, weights: Weights): LoweredNetwork {
  const lowered = new Map(mergeEdgeBranches(network, weights));
  const layers: LoweredLayer[] = [];
  const { layers: all } = network;
  for (let at = 0; at < all.length;) {
    const [first, second, third, fourth, fifth] = all.slice(at);
    if (first?.kind === 'upsample' && first.factor === 2 && isPlain3(second)) {
      layers.push({ kind: 'upsampled-conv', name: second.name });
      change(lowered, second.name, quadruple, (bias) => repeat(bias, 4));
      at += 2;
    } else if (
      first?.kind === 'conv' &&
      second?.kind === 'shuffle' &&
      second.block === 2 &&
      third?.kind === 'norm' &&
      third.mode !== 'batch' &&
      fourth?.kind === 'relu' &&
      isPlain3(fifth) &&
      at + 5 === all.length
    ) {
      layers.push(first, { kind: 'subpixel-norm', norm: third }, fourth);
      layers.push({ kind: 'subpixel-conv', name: fifth.name }, second);
      change(lowered, first.name, neighbouring, neighbouring);
      change(lowered, fifth.name, unshuffled, (bias) => repeat(bias, 4));
      at += 5;
    } else {
      if (first) layers.push(first);
      at += 1;
    }
  }
  return { layers, weights: lowered };
}

const isPlain3 = (layer: Layer | undefined): layer is Conv =>
  layer?.kind === 'conv' && layer.kernel === 3 && layer.stride === 1 && layer.padding === 'reflect';

type Change = (array: WeightArray) => WeightArray;

function change(weights: Map<string, WeightArray>, name: string, kernel: Change, bias: Change): void {
  const apply = (key: string, how: Change): void => {
    const array = weights.get(key);
    if (array) weights.set(key, how(array));
  };
  apply(`${name}/kernel`, kernel);
  apply(`${name}/bias`, bias);
}

/**
 * `[3, 3, in, out]` → `[2, 2, in, 4·out]`, sub-pixel by sub-pixel: of three neighbours in the large picture, two come from one
 * pixel of the small one, the first two for the second sub-pixel, the last two for the first.
 */
function quadruple({ shape, data }: WeightArray): WeightArray {
  const [, , input = 0, out = 0] = shape;
  const result = new Float32Array(4 * input * 4 * out);
  for (let y = 0; y < 3; y++)
    for (let x = 0; x < 3; x++)
      for (let subpixel = 0; subpixel < 4; subpixel++) {
        const row = (y + 1 - (subpixel >> 1)) >> 1;
        const column = (x + 1 - (subpixel & 1)) >> 1;
        for (let i = 0; i < input; i++)
          for (let o = 0; o < out; o++) {
            const to = ((row * 2 + column) * input + i) * 4 * out + subpixel * out + o;
            result[to] = (result[to] ?? 0) + (data[((y * 3 + x) * input + i) * out + o] ?? 0);
          }
      }
  return { shape: [2, 2, input, 4 * out], data: result };
}

/** Turns the last axis from sub-pixel by sub-pixel to channel by channel, each with its four sub-pixels. */
function neighbouring({ shape, data }: WeightArray): WeightArray {
  const outputs = shape.at(-1) ?? 0;
  const channels = outputs / 4;
  const result = data.map((_, at) => {
    const to = at % outputs;
    return data[at - to + (to % 4) * channels + Math.floor(to / 4)] ?? 0;
  });
  return { shape, data: result };
}

/**
 * `[3, 3, in, out]` of the large picture → `[3, 3, 4·in, 4·out]` of the small one: channels in with their four sub-pixels
 * beside each other, sub-pixels out one after the other, as the shuffle expects.
 */
function unshuffled({ shape, data }: WeightArray): WeightArray {
  const [, , input = 0, out = 0] = shape;
  const result = new Float32Array(9 * 4 * input * 4 * out);
  for (let y = 0; y < 3; y++)
    for (let x = 0; x < 3; x++)
      for (let subpixel = 0; subpixel < 4; subpixel++) {
        // Counted from two rows above the sub-pixel's own pair, so that nothing is negative.
        const [fromRow, fromColumn] = [(subpixel >> 1) + y + 1, (subpixel & 1) + x + 1];
        const tap = (fromRow >> 1) * 3 + (fromColumn >> 1);
        const from = (fromRow & 1) * 2 + (fromColumn & 1);
        for (let i = 0; i < input; i++)
          for (let o = 0; o < out; o++) {
            const to = (tap * 4 * input + 4 * i + from) * 4 * out + subpixel * out + o;
            result[to] = data[((y * 3 + x) * input + i) * out + o] ?? 0;
          }
      }
  return { shape: [3, 3, 4 * input, 4 * out], data: result };
}

function repeat({ shape, data }: WeightArray, times: number): WeightArray {
  const repeated = Float32Array.from({ length: data.length * times }, (_, at) => data[at % data.length] ?? 0);
  return { shape: [(shape[0] ?? 0) * times], data: repeated };
}
