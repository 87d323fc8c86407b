import {
  conv,
  norm,
  relu,
  shuffle,
  unshuffle,
  upsample,
  type Layer,
  type Network,
  type NormMode,
} from './layers.js';

/** What tells the members of the paper's family apart. */
export interface PaperStyleOptions {
  /** Filters of the first convolution; the paper's 32 grows to 64 and 128. */
  readonly width: number;
  readonly blocks: number;
  readonly norm: NormMode;
  /** `transposed`: the paper's stride-1/2 convolution. `nearest`: enlarge, then convolve (Odena et al. 2016). */
  readonly upsampling: 'transposed' | 'nearest';
  /** `tanh`: the paper's scaled tanh. `linear`: learns 2.5 times faster; clipped outside training. */
  readonly output: 'tanh' | 'linear';
  /** Styles of a conditional network, in the order of its rows. */
  readonly styles: readonly string[];
}

export const paperStyleDefaults: PaperStyleOptions = Object.freeze({
  width: 32,
  blocks: 5,
  norm: 'batch',
  upsampling: 'transposed',
  output: 'tanh',
  styles: [],
});

/**
 * The image transformation network for style transfer (Johnson et al. 2016, supplementary material, table 1).
 * Deviation: the reflection padding is 40 pixels per side as in the paper, but sizes that are no multiple of 4 are
 * padded on and cropped, so any size works.
 */
export function paperStyleNet(options: Partial<PaperStyleOptions> = {}): Network {
  const { width: w, blocks, norm: mode, upsampling, output, styles } = { ...paperStyleDefaults, ...options };
  const pad = 8 * blocks; // each valid residual block takes 2 × 2 pixels at a quarter of the size: 40 for five
  const layers: Layer[] = [
    /*                       256² at width 32 */
    { kind: 'pad', amount: pad }, //                              336²
    ...convNormRelu('conv1', 3, w, 9, 1, mode), //                32 × 336²
    ...convNormRelu('conv2', w, 2 * w, 3, 2, mode), //            64 × 168²
    ...convNormRelu('conv3', 2 * w, 4 * w, 3, 2, mode), //        128 × 84²
    ...range(blocks).map((i) => validResidual(`residual${i}`, 4 * w, mode)), // 128 × 64²
    ...enlarge('up1', 4 * w, 2 * w, mode, upsampling), //         64 × 128²
    ...enlarge('up2', 2 * w, w, mode, upsampling), //             32 × 256²
    conv('rgb', w, 3, 9), //                                      3 × 256²
    ...(output === 'tanh' ? [{ kind: 'tanh' } as const] : []),
  ];
  return styleNetwork(layers, styles, output === 'tanh' ? { offset: 127.5, scale: 127.5 } : linearRange);
}

/** What tells the members of the narrow, real-time family apart. */
export interface FastStyleOptions {
  /** Filters of the first convolution. */
  readonly width: number;
  /** Filters of the residual blocks, at a quarter of the size. */
  readonly depth: number;
  readonly blocks: number;
  readonly kernel: 3 | 5 | 9;
  /**
   * `full`: the paper's form, first and last convolutions at full size. `half`: they work at half the size, on a
   * pixel-unshuffled picture, and a pixel shuffle brings the result back.
   */
  readonly ends: 'full' | 'half';
  /** Filters of an additional last stage at full size (3×3), for `half` ends; 0 for none. */
  readonly fullEnd: number;
  readonly padding: 'reflect' | 'zero';
  readonly norm: NormMode;
  readonly styles: readonly string[];
}

/** The measured choice: docs/decisions.md, "The fast family". */
export const fastStyleDefaults: FastStyleOptions = Object.freeze({
  width: 16,
  depth: 40,
  blocks: 4,
  kernel: 3,
  ends: 'half',
  fullEnd: 8,
  padding: 'reflect',
  norm: 'conditional',
  styles: [],
});

/** The narrow family for real time on a CPU: instance normalisation, linear output, nearest-neighbour enlarging. */
export function fastStyleNet(options: Partial<FastStyleOptions> = {}): Network {
  const all = { ...fastStyleDefaults, ...options };
  return styleNetwork(all.ends === 'full' ? fullEnds(all) : halfEnds(all), all.styles, linearRange);
}

function fullEnds({ width: w, depth, blocks, kernel, padding, norm: mode }: FastStyleOptions): Layer[] {
  return [
    ...convNormRelu('conv1', 3, w, kernel, 1, mode, padding),
    ...convNormRelu('conv2', w, 2 * w, 3, 2, mode, padding),
    ...convNormRelu('conv3', 2 * w, depth, 3, 2, mode, padding),
    ...range(blocks).map((i) => sameResidual(`residual${i}`, depth, mode, padding)),
    ...enlarge('up1', depth, 2 * w, mode, 'nearest', padding),
    ...enlarge('up2', 2 * w, w, mode, 'nearest', padding),
    conv('rgb', w, 3, kernel, { padding }),
  ];
}

function halfEnds({
  width: w,
  depth,
  blocks,
  kernel,
  fullEnd,
  padding,
  norm: mode,
}: FastStyleOptions): Layer[] {
  const end: Layer[] =
    fullEnd === 0
      ? [conv('rgb', w, 12, kernel, { padding }), shuffle(2)]
      : [
          conv('up2/conv', w, 4 * fullEnd, 3, { padding }),
          shuffle(2),
          norm('up2/norm', mode, fullEnd),
          relu,
          conv('rgb', fullEnd, 3, 3, { padding }),
        ];
  return [
    unshuffle(2),
    ...convNormRelu('conv1', 12, w, kernel, 1, mode, padding),
    ...convNormRelu('conv2', w, depth, 3, 2, mode, padding),
    ...range(blocks).map((i) => sameResidual(`residual${i}`, depth, mode, padding)),
    ...enlarge('up1', depth, w, mode, 'nearest', padding),
    ...end,
  ];
}

const linearRange = { offset: 127.5, scale: 64 };

function styleNetwork(
  layers: readonly Layer[],
  styles: readonly string[],
  output: Network['output'],
): Network {
  return {
    layers,
    channels: 'rgb',
    scale: 1,
    multiple: 4,
    input: { offset: 127.5, scale: 127.5 },
    output,
    styles,
  };
}

function convNormRelu(
  name: string,
  input: number,
  out: number,
  kernel: number,
  stride: 1 | 2,
  mode: NormMode,
  padding: 'reflect' | 'zero' = 'reflect',
): Layer[] {
  return [
    conv(`${name}/conv`, input, out, kernel, { stride, padding }),
    norm(`${name}/norm`, mode, out),
    relu,
  ];
}

/** The paper's residual block: two valid convolutions, the identity cropped to match, no ReLU after the sum. */
function validResidual(name: string, channels: number, mode: NormMode): Layer {
  return {
    kind: 'residual',
    crop: 2,
    layers: [
      conv(`${name}/conv1`, channels, channels, 3, { padding: 'valid' }),
      norm(`${name}/norm1`, mode, channels),
      relu,
      conv(`${name}/conv2`, channels, channels, 3, { padding: 'valid' }),
      norm(`${name}/norm2`, mode, channels),
    ],
  };
}

function sameResidual(name: string, channels: number, mode: NormMode, padding: 'reflect' | 'zero'): Layer {
  return {
    kind: 'residual',
    crop: 0,
    layers: [
      conv(`${name}/conv1`, channels, channels, 3, { padding }),
      norm(`${name}/norm1`, mode, channels),
      relu,
      conv(`${name}/conv2`, channels, channels, 3, { padding }),
      norm(`${name}/norm2`, mode, channels),
    ],
  };
}

function enlarge(
  name: string,
  input: number,
  out: number,
  mode: NormMode,
  upsampling: PaperStyleOptions['upsampling'],
  padding: 'reflect' | 'zero' = 'reflect',
): Layer[] {
  const enlarged: Layer[] =
    upsampling === 'transposed'
      ? [{ kind: 'transposed-conv', name: `${name}/conv`, in: input, out, kernel: 3 }]
      : [upsample(2), conv(`${name}/conv`, input, out, 3, { padding })];
  return [...enlarged, norm(`${name}/norm`, mode, out), relu];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
