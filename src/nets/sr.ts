import { conv, norm, relu, shuffle, upsample, type Layer, type Network, type NormMode } from './layers.js';

/** Enlargements that the networks of this file are built for. */
export type SrScale = 2 | 3 | 4 | 8;

/** What tells the members of the paper's super-resolution family apart. */
export interface PaperSrOptions {
  readonly scale: SrScale;
  /** Filters of every convolution but the last. */
  readonly width: number;
  readonly blocks: number;
  readonly norm: NormMode;
  /** `transposed`: the paper's stride-1/2 convolution. `nearest`: enlarge, then convolve (Odena et al. 2016). */
  readonly upsampling: 'transposed' | 'nearest';
  /** `tanh`: the paper's scaled tanh. `linear`: learns faster; clipped outside training. */
  readonly output: 'tanh' | 'linear';
}

export const paperSrDefaults: PaperSrOptions = Object.freeze({
  scale: 4,
  width: 64,
  blocks: 4,
  norm: 'batch',
  upsampling: 'transposed',
  output: 'tanh',
});

/**
 * The image transformation network for super-resolution (Johnson et al. 2016, supplementary material, table 2), on RGB.
 * Deviations: reflection padding keeps every layer's size; ×3, which log2 f stages do not give, enlarges once by 3
 * (nearest neighbour, then the convolution).
 */
export function paperSrNet(options: Partial<PaperSrOptions> = {}): Network {
  const { scale, width: w, blocks, norm: mode, upsampling, output } = { ...paperSrDefaults, ...options };
  const stages = scale === 3 ? [3] : range(Math.log2(scale)).map(() => 2);
  const layers: Layer[] = [
    /*                                                                       f = 4: input 3 × 72² */
    conv('conv1/conv', 3, w, 9), //                                          64 × 72²
    norm('conv1/norm', mode, w),
    relu,
    ...range(blocks).map((i) => residual(`residual${i}`, w, mode)), //       64 × 72²
    ...stages.flatMap((factor, i) => enlarge(`up${i + 1}`, w, factor, mode, upsampling)), // 64 × 144², 64 × 288²
    conv('rgb', w, 3, 9), //                                                 3 × 288²
    ...(output === 'tanh' ? [{ kind: 'tanh' } as const] : []),
  ];
  const signed = { offset: 127.5, scale: 127.5 };
  return { layers, channels: 'rgb', scale, multiple: 1, input: signed, output: signed, styles: [] };
}

/** SRCNN's shape: sizes of its three kernels and filters of the first two convolutions. */
export interface SrcnnOptions {
  readonly scale: SrScale;
  readonly kernels: readonly [number, number, number];
  readonly filters: readonly [number, number];
}

export const srcnnDefaults: SrcnnOptions = Object.freeze<SrcnnOptions>({
  scale: 4,
  kernels: [9, 5, 5],
  filters: [64, 32],
});

/** SRCNN (Dong et al., arXiv 1501.00092): `9-1-5` or `9-5-5` on luminance that was enlarged bicubically before. */
export function srcnnNet(options: Partial<SrcnnOptions> = {}): Network {
  const { scale, kernels, filters } = { ...srcnnDefaults, ...options };
  const [patches, mapping, reconstruction] = kernels;
  const [many, fewer] = filters;
  return lumaNet(scale, [
    { kind: 'enlarge', factor: scale },
    conv('patches', 1, many, patches),
    relu,
    conv('mapping', many, fewer, mapping),
    relu,
    conv('reconstruction', fewer, 1, reconstruction),
  ]);
}

/** ESPCN (Shi et al., arXiv 1609.05158): `5-3-3` with tanh at low resolution, then the pixel shuffle; luminance. */
export function espcnNet({ scale = 4 }: { readonly scale?: SrScale } = {}): Network {
  return lumaNet(scale, [
    conv('conv1', 1, 64, 5),
    { kind: 'tanh' },
    conv('conv2', 64, 32, 3),
    { kind: 'tanh' },
    conv('subpixels', 32, scale ** 2, 3),
    shuffle(scale),
  ]);
}

/** FSRCNN's shape: `d` filters outside, `s` within, `m` mapping convolutions. */
export interface FsrcnnOptions {
  readonly scale: SrScale;
  readonly d: number;
  readonly s: number;
  readonly m: number;
}

export const fsrcnnDefaults: FsrcnnOptions = Object.freeze({ scale: 4, d: 56, s: 12, m: 4 });

/**
 * FSRCNN (Dong et al., arXiv 1608.00367) on luminance. Deviation: its 9×9 transposed convolution is written as the equal
 * convolution to sub-pixels and a pixel shuffle (a kernel of 2·ceil(4/f) + 1), which needs no zeros between samples.
 */
export function fsrcnnNet(options: Partial<FsrcnnOptions> = {}): Network {
  const { scale, d, s, m } = { ...fsrcnnDefaults, ...options };
  return lumaNet(scale, [
    ...convPrelu('feature', 1, d, 5),
    ...convPrelu('shrink', d, s, 1),
    ...range(m).flatMap((i) => convPrelu(`mapping${i}`, s, s, 3)),
    ...convPrelu('expand', s, d, 1),
    conv('subpixels', d, scale ** 2, 2 * Math.ceil(4 / scale) + 1),
    shuffle(scale),
  ]);
}

/** Depth and width of the plain networks of 3×3 convolutions at low resolution. */
export interface PlainSrOptions {
  readonly scale: SrScale;
  readonly width: number;
  /** Convolutions between the first and the last. */
  readonly blocks: number;
  /** `prelu` is the published form; `relu` fuses into the convolution in every engine. */
  readonly activation: 'relu' | 'prelu';
  /** Trained with edge-oriented branches, which a model file no longer has. */
  readonly edgeBranches?: boolean;
}

export const ecbsrDefaults: PlainSrOptions = Object.freeze({
  scale: 4,
  width: 16,
  blocks: 10,
  activation: 'relu',
});

/**
 * ECBSR (Zhang et al. 2021, "Edge-oriented Convolution Block for Real-time Super Resolution"): zero-padded 3×3 convolutions on
 * luminance, edge-oriented while they are trained and plain when used, the nearest-neighbour enlargement added, one pixel
 * shuffle.
 */
export function ecbsrNet(options: Partial<PlainSrOptions> = {}): Network {
  const shape = { ...ecbsrDefaults, ...options };
  return lumaNet(shape.scale, plainLayers(shape, 1));
}

export const srvggDefaults: PlainSrOptions = Object.freeze({
  scale: 4,
  width: 64,
  blocks: 16,
  activation: 'prelu',
});

/** SRVGGNetCompact's shape (Wang et al. 2021, Real-ESRGAN's small networks): the same on RGB, wider and deeper. */
export function srvggNet(options: Partial<PlainSrOptions> = {}): Network {
  const shape = { ...srvggDefaults, ...options };
  return { ...lumaNet(shape.scale, plainLayers(shape, 3)), channels: 'rgb' };
}

function plainLayers(options: PlainSrOptions, channels: number): Layer[] {
  const { scale, width, blocks, activation } = options;
  const same = { padding: 'zero', branches: options.edgeBranches ? 'edge' : undefined } as const;
  const block = (name: string, input: number): Layer[] => [
    conv(`${name}/conv`, input, width, 3, same),
    activation === 'relu' ? relu : { kind: 'prelu', name: `${name}/activation`, channels: width },
  ];
  return [
    ...block('head', channels),
    ...range(blocks).flatMap((i) => block(`block${i}`, width)),
    conv('subpixels', width, channels * scale ** 2, 3, same),
    { kind: 'add-input', block: scale },
    shuffle(scale),
  ];
}

function lumaNet(scale: SrScale, layers: readonly Layer[]): Network {
  const unit = { offset: 0, scale: 255 };
  return { layers, channels: 'luma', scale, multiple: 1, input: unit, output: unit, styles: [] };
}

function convPrelu(name: string, input: number, out: number, kernel: number): Layer[] {
  return [
    conv(`${name}/conv`, input, out, kernel),
    { kind: 'prelu', name: `${name}/activation`, channels: out },
  ];
}

/** The paper's residual block, its size kept: no ReLU after the sum (Gross and Wilber 2016). */
function residual(name: string, channels: number, mode: NormMode): Layer {
  return {
    kind: 'residual',
    crop: 0,
    layers: [
      conv(`${name}/conv1`, channels, channels, 3),
      norm(`${name}/norm1`, mode, channels),
      relu,
      conv(`${name}/conv2`, channels, channels, 3),
      norm(`${name}/norm2`, mode, channels),
    ],
  };
}

function enlarge(
  name: string,
  width: number,
  factor: number,
  mode: NormMode,
  upsampling: PaperSrOptions['upsampling'],
): Layer[] {
  const enlarged: Layer[] =
    upsampling === 'transposed' && factor === 2
      ? [{ kind: 'transposed-conv', name: `${name}/conv`, in: width, out: width, kernel: 3 }]
      : [upsample(factor), conv(`${name}/conv`, width, width, 3)];
  return [...enlarged, norm(`${name}/norm`, mode, width), relu];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
