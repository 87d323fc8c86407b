import * as av from './node-av.js';

/** What a pixel format's name tells. */
export interface PixelFormatInfo {
  readonly name: string;
  /** Bits a sample, 8 for the usual formats. */
  readonly bitDepth: number;
  readonly rgb: boolean;
  readonly alpha: boolean;
  /** Chroma subsampling of a YUV format: `420`, `422`, `444`…; undefined for RGB and grey. */
  readonly chroma: string | undefined;
}

/** FFmpeg's name of a pixel format, `none` for an unknown one. */
export function pixelFormatName(format: av.AVPixelFormat): string {
  return av.avGetPixFmtName(format) ?? 'none';
}

/** Reads depth, model, alpha and subsampling from a pixel format's name; FFmpeg names them regularly. */
export function describePixelFormat(name: string): PixelFormatInfo {
  const rgb = /^(a?rgb|a?bgr|gbr|rgba|bgra|0rgb|0bgr|rgb0|bgr0|x2rgb|x2bgr|pal8|bayer)/.test(name);
  return {
    name,
    bitDepth: bitDepthOf(name),
    rgb,
    alpha: hasAlpha(name),
    chroma: rgb ? undefined : chromaOf(name),
  };
}

function bitDepthOf(name: string): number {
  const base = name.replace(/(le|be)$/, '');
  const planar = /(?:p|gray|gbrap?|gray)f?(9|10|12|14|16|32)$/.exec(base);
  if (planar) return Number(planar[1]);
  const biplanar = /^(?:p|y)[0-4](10|12|16)$/.exec(base) ?? /^(?:xv|v)(30|36|48)/.exec(base);
  if (biplanar)
    return (
      ({ '30': 10, '36': 12, '48': 16 } as Record<string, number>)[biplanar[1] ?? ''] ?? Number(biplanar[1])
    );
  if (/^x2(rgb|bgr)10/.test(base)) return 10;
  if (/^(rgb|bgr)48|^(rgba|bgra|ayuv)64|^ya16|^xyz12/.test(base)) return base === 'xyz12' ? 12 : 16;
  return 8;
}

function hasAlpha(name: string): boolean {
  return /^(yuva|ya\d|ayuv|vuya|rgba|bgra|argb|abgr|gbrap|pal8)/.test(name);
}

function chromaOf(name: string): string | undefined {
  const planar = /^yuv[aj]?(4\d\d)/.exec(name);
  if (planar) return planar[1];
  if (/^(nv12|nv21|p01\d|p012)/.test(name)) return '420';
  if (/^(nv16|nv20|p2\d\d|yuyv|uyvy|yvyu|y2\d\d)/.test(name)) return '422';
  if (/^(nv24|nv42|p4\d\d|xv|ayuv|vuy)/.test(name)) return '444';
  return undefined;
}
