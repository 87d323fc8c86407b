import { VidstyleError } from '../errors.js';
import { parametersOf, type Network, type Parameter } from './layers.js';

/** One array of numbers with its shape, in TensorFlow's layouts (kernels: height, width, in, out). */
export interface WeightArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A network's numbers by parameter name ({@link parametersOf}). */
export type Weights = ReadonlyMap<string, WeightArray>;

/**
 * Fresh weights, the same for the same seed: kernels by He et al. 2015 (uniform, fan-in), kernels in front of a pixel
 * shuffle alike for all its sub-pixels (ICNR, Aitken et al. 2017, arXiv 1707.02937) so that no checkerboard is there
 * to be unlearned.
 */
export function initialWeights(network: Network, seed: number): Map<string, WeightArray> {
  const random = mulberry32(seed);
  const subpixels = kernelsBeforeShuffle(network);
  const weights = new Map<string, WeightArray>();
  for (const parameter of parametersOf(network)) {
    const data = initialData(parameter, random);
    const block = subpixels.get(parameter.name);
    if (block !== undefined) repeatSubpixels(data, parameter.shape[3] ?? 1, block * block);
    weights.set(parameter.name, { shape: parameter.shape, data });
  }
  return weights;
}

/**
 * Checks that `weights` has exactly what `network` needs.
 * @throws VidstyleError `model` naming the first parameter that is missing or misshapen
 */
export function checkWeights(network: Network, weights: Weights): void {
  for (const { name, shape } of parametersOf(network)) {
    const found = weights.get(name);
    if (!found) throw new VidstyleError('model', `The weights lack "${name}".`);
    if (found.shape.join('×') !== shape.join('×')) {
      throw new VidstyleError(
        'model',
        `The weights' "${name}" is ${found.shape.join('×')}, the network needs ${shape.join('×')}.`,
      );
    }
  }
}

/** A small, fast, seedable generator of numbers in [0, 1) (Tommy Ettinger's mulberry32, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function initialData({ shape, init }: Parameter, random: () => number): Float32Array {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (init === 'ones') return data.fill(1);
  if (init === 'prelu') return data.fill(0.25);
  if (init === 'zeros') return data;
  const [height = 1, width = 1, input = 1] = shape;
  const limit = Math.sqrt(3 / (height * width * input)); // variance 1/fan-in: residual sums stay tame
  return data.map(() => (random() * 2 - 1) * limit);
}

/** Copies each output channel of the first sub-pixel to all the others: channel = subpixel · C + c. */
function repeatSubpixels(kernel: Float32Array, outputs: number, subpixels: number): void {
  const channels = outputs / subpixels;
  for (let row = 0; row < kernel.length; row += outputs) {
    for (let out = channels; out < outputs; out++) kernel[row + out] = kernel[row + (out % channels)] ?? 0;
  }
}

function kernelsBeforeShuffle({ layers }: Network): Map<string, number> {
  const found = new Map<string, number>();
  let last: string | undefined;
  for (const layer of layers) {
    if (layer.kind === 'conv') last = `${layer.name}/kernel`;
    else if (layer.kind === 'shuffle' && last !== undefined) found.set(last, layer.block);
  }
  return found;
}
