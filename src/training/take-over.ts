import { parametersOf, type Network } from '../nets/layers.js';
import type { WeightArray, Weights } from '../nets/weights.js';

/** A network with its trained numbers. */
export interface TrainedNetwork {
  readonly network: Network;
  readonly weights: Weights;
}

/**
 * Fresh weights with everything of a trained network that fits: parameters of the same name and shape, and of
 * conditional normalisation the rows of the styles that both know.
 */
export function takeOver(network: Network, fresh: Weights, trained: TrainedNetwork): Weights {
  return new Map(
    parametersOf(network).map(({ name, group }): [string, WeightArray] => {
      const own = fresh.get(name);
      const found = trained.weights.get(name);
      if (!own) throw new RangeError(`no fresh weights for ${name}`);
      if (!found) return [name, own];
      if (group === 'style') return [name, withKnownRows(own, network.styles, found, trained.network.styles)];
      return [name, found.shape.join() === own.shape.join() ? found : own];
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
  if (found.shape[1] !== channels) return own;
  const data = own.data.slice();
  for (const [row, style] of styles.entries()) {
    const from = known.indexOf(style);
    if (from >= 0) data.set(found.data.subarray(from * channels, (from + 1) * channels), row * channels);
  }
  return { shape: own.shape, data };
}
