import { buildNetwork } from '../nets/families.js';
import { parametersOf } from '../nets/layers.js';
import type { NetworkSpec } from '../nets/metadata.js';
import type { WeightArray, Weights } from '../nets/weights.js';
import { VidstyleError } from '../errors.js';
import { identityStyle } from '../nets/metadata.js';

export interface ExtendedNetwork {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  /** Rows that are new, in the order of the names. */
  readonly rows: readonly number[];
  /** Names of the parameters that hold the rows: all that a new style has to learn. */
  readonly trainable: ReadonlySet<string>;
}

/**
 * Gives a conditional network rows for new styles (Dumoulin et al. 2017, section 4.2: a new style is a new γ and β
 * over frozen convolutions). They start as the mean of the styles there are.
 *
 * @throws VidstyleError `training` if the network is not conditional or knows a name already
 */
export function extendStyles(spec: NetworkSpec, weights: Weights, names: readonly string[]): ExtendedNetwork {
  const { styles } = buildNetwork(spec);
  if (styles.length === 0) {
    throw new VidstyleError(
      'training',
      'The preset holds one style for good; only a conditional network takes more.',
    );
  }
  const known = names.find((name) => styles.includes(name));
  if (known !== undefined)
    throw new VidstyleError('training', `The preset has a style named "${known}" already.`);
  const extended = { ...spec, options: { ...spec.options, styles: [...styles, ...names] } };
  const trainable = new Set(
    parametersOf(buildNetwork(extended)).filter(({ group }) => group === 'style').map(({ name }) => name), // prettier-ignore
  );
  const sources = styles.flatMap((name, row) => (name === identityStyle ? [] : [row]));
  const grown = [...weights].map(([name, array]): [string, WeightArray] => [
    name,
    trainable.has(name) ? withRows(array, sources, names.length) : array,
  ]);
  return {
    spec: extended,
    weights: new Map(grown),
    rows: names.map((_, i) => styles.length + i),
    trainable,
  };
}

/** The trained rows on top of the untouched rest: rounding in the moving average must not reach older styles. */
export function graftRows(original: ExtendedNetwork, trained: Weights): Weights {
  const firstNew = original.rows[0] ?? 0;
  const grafted = [...original.weights].map(([name, array]): [string, WeightArray] => {
    const fresh = trained.get(name);
    if (!fresh || !original.trainable.has(name)) return [name, array];
    const data = array.data.slice();
    const start = firstNew * (array.shape[1] ?? 0);
    data.set(fresh.data.subarray(start), start);
    return [name, { shape: array.shape, data }];
  });
  return new Map(grafted);
}

function withRows({ shape, data }: WeightArray, sources: readonly number[], count: number): WeightArray {
  const [rows = 0, channels = 0] = shape;
  const grown = new Float32Array((rows + count) * channels);
  grown.set(data);
  for (let channel = 0; channel < channels; channel++) {
    const mean =
      sources.reduce((sum, row) => sum + (data[row * channels + channel] ?? 0), 0) / sources.length;
    for (let row = rows; row < rows + count; row++) grown[row * channels + channel] = mean;
  }
  return { shape: [rows + count, channels], data: grown };
}
