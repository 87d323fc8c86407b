import { edgeParameters } from './edge-branches.js';

/**
 * A network is a flat list of layers that reads like a paper's table. `tfjs.ts` builds such a list as a
 * differentiable function, `onnx.ts` writes it as an ONNX model; both give the same picture for the same weights.
 */

/** How a convolution sees past the picture's edge. `valid` does not: the result is smaller. */
export type Padding = 'reflect' | 'zero' | 'valid';

export interface Conv {
  readonly kind: 'conv';
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly padding: Padding;
  /** `edge`: trained as several branches that become one kernel, see `edge-branches.ts`. */
  readonly branches?: 'edge' | undefined;
}

/** The paper's stride-1/2 convolution: the transpose of a stride-2 convolution; doubles height and width. */
export interface TransposedConv {
  readonly kind: 'transposed-conv';
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly kernel: 3;
}

/**
 * `batch`: the paper's. `instance`: Ulyanov et al., arXiv 1607.08022. `conditional`: instance normalisation whose
 * γ and β are chosen by the style (Dumoulin et al., arXiv 1610.07629), one row a style, blended linearly.
 */
export type NormMode = 'batch' | 'instance' | 'conditional';

export interface Norm {
  readonly kind: 'norm';
  readonly name: string;
  readonly mode: NormMode;
  readonly channels: number;
}

/** One learned slope a channel for negative values (He et al. 2015), as FSRCNN and SRVGGNetCompact use. */
export interface PRelu {
  readonly kind: 'prelu';
  readonly name: string;
  readonly channels: number;
}

/** Adds the identity to what its layers make of it; `crop` pixels fall away at each edge where those are `valid`. */
export interface Residual {
  readonly kind: 'residual';
  readonly layers: readonly Layer[];
  readonly crop: number;
}

/**
 * Adds the picture that entered the network, each channel repeated `block`² times in the order that `shuffle`
 * expects: what follows learns only the difference to nearest-neighbour enlargement (as in ECBSR, Zhang et al. 2021).
 */
export interface AddInput {
  readonly kind: 'add-input';
  readonly block: number;
}

export type Layer =
  | Conv
  | TransposedConv
  | Norm
  | PRelu
  | Residual
  | AddInput
  | { readonly kind: 'relu' }
  | { readonly kind: 'tanh' }
  | { readonly kind: 'pad'; readonly amount: number } // reflection
  | { readonly kind: 'upsample'; readonly factor: number } // nearest neighbour
  | { readonly kind: 'enlarge'; readonly factor: number } // bicubic (Keys, a = −0.5), edges replicated
  | { readonly kind: 'unshuffle'; readonly block: number } // space to depth: [h·b, w·b, c] → [h, w, b²·c]
  | { readonly kind: 'shuffle'; readonly block: number }; // depth to space: [h, w, b²·c] → [h·b, w·b, c]

/** What enters the network and what its numbers mean: (value − offset) / scale goes in, out · scale + offset comes out. */
export interface ValueRange {
  readonly offset: number;
  readonly scale: number;
}

export interface Network {
  readonly layers: readonly Layer[];
  /** `rgb`: three channels. `luma`: one; colour is enlarged bicubically beside it. */
  readonly channels: 'rgb' | 'luma';
  /** Output size over input size. */
  readonly scale: number;
  /** Height and width are padded (reflection, bottom and right) to a multiple of this, and the result is cropped. */
  readonly multiple: number;
  readonly input: ValueRange;
  readonly output: ValueRange;
  /** Rows of the conditional normalisations; empty where the network knows one style only. */
  readonly styles: readonly string[];
}

/** A trained number array of a network: what it is called, its shape, and how it starts. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: 'kernel' | 'zeros' | 'ones' | 'prelu';
  /** `style`: γ and β of conditional normalisation. `statistics`: running moments, not trained by gradient. */
  readonly group: 'shared' | 'style' | 'statistics';
}

export const conv = (
  name: string,
  input: number,
  out: number,
  kernel: number,
  options: Partial<Pick<Conv, 'stride' | 'padding' | 'branches'>> = {},
): Conv => ({
  kind: 'conv',
  name,
  in: input,
  out,
  kernel,
  stride: options.stride ?? 1,
  padding: options.padding ?? 'reflect',
  branches: options.branches,
});

export const norm = (name: string, mode: NormMode, channels: number): Norm => ({
  kind: 'norm',
  name,
  mode,
  channels,
});

export const relu: Layer = { kind: 'relu' };
export const upsample = (factor: number): Layer => ({ kind: 'upsample', factor });
export const shuffle = (block: number): Layer => ({ kind: 'shuffle', block });
export const unshuffle = (block: number): Layer => ({ kind: 'unshuffle', block });

/** Every parameter of the network, in the order of its layers. */
export function parametersOf(network: Network): Parameter[] {
  return network.layers.flatMap((layer) => parametersOfLayer(layer, network.styles.length));
}

/** Multiply-adds per input pixel: a machine-independent measure of cost. */
export function multiplyAdds(network: Network): number {
  let total = 0;
  const visit = (layers: readonly Layer[], density: number): number => {
    for (const layer of layers) {
      if (layer.kind === 'conv') {
        density /= layer.stride ** 2;
        total += density * layer.in * layer.out * layer.kernel ** 2;
      } else if (layer.kind === 'transposed-conv') {
        total += density * layer.in * layer.out * layer.kernel ** 2;
        density *= 4;
      } else if (layer.kind === 'upsample' || layer.kind === 'enlarge') density *= layer.factor ** 2;
      else if (layer.kind === 'shuffle') density *= layer.block ** 2;
      else if (layer.kind === 'unshuffle') density /= layer.block ** 2;
      else if (layer.kind === 'residual') density = visit(layer.layers, density);
    }
    return density;
  };
  visit(network.layers, 1);
  return total;
}

function parametersOfLayer(layer: Layer, styles: number): Parameter[] {
  switch (layer.kind) {
    case 'conv':
      return [
        ...kernelAndBias(layer.name, [layer.kernel, layer.kernel, layer.in, layer.out], layer.out),
        ...(layer.branches === 'edge' ? edgeParameters(layer) : []),
      ];
    case 'transposed-conv': // TensorFlow's order: [h, w, out, in]
      return kernelAndBias(layer.name, [layer.kernel, layer.kernel, layer.out, layer.in], layer.out);
    case 'prelu':
      return [{ name: `${layer.name}/slope`, shape: [layer.channels], init: 'prelu', group: 'shared' }];
    case 'norm':
      return normParameters(layer, styles);
    case 'residual':
      return layer.layers.flatMap((inner) => parametersOfLayer(inner, styles));
    default:
      return [];
  }
}

function kernelAndBias(name: string, shape: readonly number[], out: number): Parameter[] {
  return [
    { name: `${name}/kernel`, shape, init: 'kernel', group: 'shared' },
    { name: `${name}/bias`, shape: [out], init: 'zeros', group: 'shared' },
  ];
}

function normParameters({ name, mode, channels }: Norm, styles: number): Parameter[] {
  const conditional = mode === 'conditional';
  const shape = conditional ? [styles, channels] : [channels];
  const group = conditional ? 'style' : 'shared';
  const affine: Parameter[] = [
    { name: `${name}/gamma`, shape, init: 'ones', group },
    { name: `${name}/beta`, shape, init: 'zeros', group },
  ];
  if (mode !== 'batch') return affine;
  return [
    ...affine,
    { name: `${name}/mean`, shape: [channels], init: 'zeros', group: 'statistics' },
    { name: `${name}/variance`, shape: [channels], init: 'ones', group: 'statistics' },
  ];
}
