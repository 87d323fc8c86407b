import { cropBorder } from './crop.js';
import { rgbToY } from './luma.js';
import { psnr } from './psnr.js';
import { toFloat, type Raster } from './raster.js';
import { ssim } from './ssim.js';

/** How near two pictures are in brightness. */
export interface LumaScores {
  /** dB; Infinity for equal pictures. */
  readonly psnr: number;
  readonly ssim: number;
}

/**
 * PSNR and SSIM as super-resolution is scored: on limited-range luma (ITU-R BT.601), unrounded, without so many pixels at each
 * border as the scale.
 *
 * @throws VidstyleError `usage` if the shapes differ or nothing is left between the borders
 */
export function lumaScores(result: Raster, original: Raster, border: number): LumaScores {
  const [ours, theirs] = [result, original].map((picture) =>
    rgbToY(cropBorder(toFloat(picture), border)),
  ) as [Raster<Float32Array>, Raster<Float32Array>];
  return { psnr: psnr(ours, theirs), ssim: ssim(ours, theirs) };
}
