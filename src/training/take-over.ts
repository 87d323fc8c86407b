import { parametersOf, type Network } from '../nets/layers.js';
import type { WeightArray, Weights } from '../nets/weights.js';

/** A network with its trained numbers. */
export interface TrainedNetwork {
  readonly network: Network;
  readonly weights: Weights;
}

/**
 * Fresh weights with everything of a trained network that fits: parameters of the same name, and of conditional
 * normalisation the rows of the styles that both know. A wider network than the trained one begins as the same function:
 * its additional channels see the known ones, which do not see them yet. So does a deeper one: a convolution between two
 * ReLUs that the trained network lacks hands its input on (Chen et al. 2016, "Net2Net").
 */
export function takeOver(network: Network, fresh: Weights, trained: TrainedNetwork): Weights {
  const added = new Set(convsBetweenRelus(network).filter((name) => !trained.weights.has(`${name}/kernel`)));
  const transposed = new Set(
    network.layers.flatMap((layer) => (layer.kind === 'transposed-conv' ? [`${layer.name}/kernel`] : [])),
  );
  return new Map(
    parametersOf(network).map(({ name, group }): [string, WeightArray] => {
      const own = fresh.get(name);
      const found = trained.weights.get(name);
      if (!own) throw new RangeError(`no fresh weights for ${name}`);
      if (!found) return [name, added.has(name.replace(/\/kernel$/, '')) ? identityKernel(own) : own];
      if (group === 'style') return [name, withKnownRows(own, network.styles, found, trained.network.styles)];
      // At another scale the last convolution's channels are other sub-pixels.
      const fits = network.scale === trained.network.scale;
      return [name, fits ? widened(own, found, transposed.has(name)) : same(own, found)];
    }),
  );
}

function withKnownRows(
  own: WeightArray,
  styles: readonly string[],
  found: WeightArray,
  known: readonly string[],
): WeightArray {
  const [, channels = 0] = own.shape;
  const [, knownChannels = 0] = found.shape;
  if (knownChannels > channels) return own;
  const data = own.data.slice();
  for (const [row, style] of styles.entries()) {
    const from = known.indexOf(style) * knownChannels;
    if (from >= 0) data.set(found.data.subarray(from, from + knownChannels), row * channels);
  }
  return { shape: own.shape, data };
}

function same(own: WeightArray, found: WeightArray): WeightArray {
  return found.shape.join() === own.shape.join() ? found : own;
}

/**
 * A kernel `[h, w, in, out]` (`[h, w, out, in]` of a transposed convolution), or what has a number a channel, at its new
 * width; `own` where that is no wider.
 */
function widened(own: WeightArray, found: WeightArray, isTransposed: boolean): WeightArray {
  const isKernel = own.shape.length === 4;
  const [knownIn, knownOut] = isKernel ? found.shape.slice(-2) : [1, found.shape.at(-1)];
  const [width, out] = isKernel ? own.shape.slice(-2) : [1, own.shape.at(-1)];
  if (!knownIn || !knownOut || !width || !out || found.shape.length !== own.shape.length) return own;
  const sameTaps = own.shape.slice(0, -2).join() === found.shape.slice(0, -2).join();
  if (!sameTaps || knownIn > width || knownOut > out) return own;
  const data = own.data.map((fresh, at) => {
    const [o, i, tap] = [at % out, Math.floor(at / out) % width, Math.floor(at / (out * width))];
    if (o < knownOut && i < knownIn) return found.data[(tap * knownIn + i) * knownOut + o] ?? 0;
    const isOfNewChannel = isTransposed ? i >= knownIn : o >= knownOut;
    return isOfNewChannel ? fresh : 0;
  });
  return { shape: own.shape, data };
}

/** Names of the convolutions that can do nothing: as many channels out as in, every number that comes in and goes out positive. */
function convsBetweenRelus({ layers }: Network): string[] {
  return layers.flatMap((layer, at) => {
    if (layer.kind !== 'conv' || layer.in !== layer.out || layer.stride !== 1) return [];
    const between = layers[at - 1]?.kind === 'relu' && layers[at + 1]?.kind === 'relu';
    return between ? [layer.name] : [];
  });
}

/** A kernel `[h, w, c, c]` that hands on its input. */
function identityKernel({ shape }: WeightArray): WeightArray {
  const [height = 1, width = 1, channels = 1] = shape;
  const data = new Float32Array(height * width * channels * channels);
  const middle = ((height >> 1) * width + (width >> 1)) * channels * channels;
  for (let c = 0; c < channels; c++) data[middle + c * channels + c] = 1;
  return { shape, data };
}
