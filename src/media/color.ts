import * as av from './node-av.js';

/** A stream's colour tags by FFmpeg's names; undefined where the stream does not say. */
export interface ColorInfo {
  /** `tv` (limited: 16..235 in 8 bits) or `pc` (full). */
  readonly range: string | undefined;
  readonly primaries: string | undefined;
  readonly transfer: string | undefined;
  readonly matrix: string | undefined;
}

/** What carries colour tags: frames, codec contexts and codec parameters alike. */
export interface ColorTags {
  colorRange: av.AVColorRange;
  colorPrimaries: av.AVColorPrimaries;
  colorTrc: av.AVColorTransferCharacteristic;
  colorSpace: av.AVColorSpace;
  chromaLocation: av.AVChromaLocation;
}

// ISO/IEC 23091-2 (H.273) code points with the names `ffprobe` prints.
const ranges: Readonly<Record<number, string>> = { 1: 'tv', 2: 'pc' };
const primaries: Readonly<Record<number, string>> = {
  1: 'bt709',
  4: 'bt470m',
  5: 'bt470bg',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'film',
  9: 'bt2020',
  10: 'smpte428',
  11: 'smpte431',
  12: 'smpte432',
  22: 'ebu3213',
};
const transfers: Readonly<Record<number, string>> = {
  1: 'bt709',
  4: 'gamma22',
  5: 'gamma28',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'linear',
  9: 'log100',
  10: 'log316',
  11: 'iec61966-2-4',
  12: 'bt1361e',
  13: 'iec61966-2-1',
  14: 'bt2020-10',
  15: 'bt2020-12',
  16: 'smpte2084',
  17: 'smpte428',
  18: 'arib-std-b67',
};
const matrices: Readonly<Record<number, string>> = {
  0: 'gbr',
  1: 'bt709',
  4: 'fcc',
  5: 'bt470bg',
  6: 'smpte170m',
  7: 'smpte240m',
  8: 'ycgco',
  9: 'bt2020nc',
  10: 'bt2020c',
  11: 'smpte2085',
  14: 'ictcp',
};

/** Names the colour tags. */
export function describeColor(tags: Readonly<ColorTags>): ColorInfo {
  return {
    range: ranges[tags.colorRange],
    primaries: primaries[tags.colorPrimaries],
    transfer: transfers[tags.colorTrc],
    matrix: matrices[tags.colorSpace],
  };
}

/** Copies all colour tags. */
export function copyColorTags(from: Readonly<ColorTags>, to: ColorTags): void {
  to.colorRange = from.colorRange;
  to.colorPrimaries = from.colorPrimaries;
  to.colorTrc = from.colorTrc;
  to.colorSpace = from.colorSpace;
  to.chromaLocation = from.chromaLocation;
}

/**
 * The matrix to convert with. Where the stream does not say, players' usual guess: BT.601 for standard definition,
 * BT.709 from 720 rows on. Matrices that swscale lacks are read as BT.709; as the way back uses the same matrix,
 * an unchanged picture comes out unchanged.
 */
export function conversionMatrix(matrix: av.AVColorSpace, height: number): av.AVColorSpace {
  if (matrix === av.AVCOL_SPC_UNSPECIFIED || matrix === av.AVCOL_SPC_RESERVED) {
    return height >= 720 ? av.AVCOL_SPC_BT709 : av.AVCOL_SPC_SMPTE170M;
  }
  return convertible.has(matrix) ? matrix : av.AVCOL_SPC_BT709;
}

const convertible: ReadonlySet<av.AVColorSpace> = new Set([
  av.AVCOL_SPC_BT709,
  av.AVCOL_SPC_FCC,
  av.AVCOL_SPC_BT470BG,
  av.AVCOL_SPC_SMPTE170M,
  av.AVCOL_SPC_SMPTE240M,
  av.AVCOL_SPC_BT2020_NCL,
]);
