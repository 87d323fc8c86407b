import { describe, expect, it } from '@jest/globals';
import { cropBorder, cropToMultiple } from '../../src/metrics/crop.js';
import { rgbToY } from '../../src/metrics/luma.js';
import { psnr } from '../../src/metrics/psnr.js';
import { raster, toFloat } from '../../src/metrics/raster.js';
import { ssim } from '../../src/metrics/ssim.js';
import { busyPicture } from './pictures.js';

/** The busy picture with a fifth of another one's variation added, rounded half to even like numpy. */
function distortedPair() {
  const original = busyPicture(20, 16, 1, 3);
  const noise = busyPicture(20, 16, 1, 11);
  const data = original.data.map((value, i) => {
    const sum = value + ((noise.data[i] as number) - 125) * 0.2;
    return Math.min(Math.max(Math.round(Number(sum.toFixed(6))), 0), 255);
  });
  return { original, distorted: { ...original, data } };
}

describe('psnr', () => {
  it('is 10·log10(peak² / MSE)', () => {
    const a = raster(2, 1, 1, Uint8Array.of(10, 20));
    const b = raster(2, 1, 1, Uint8Array.of(13, 16)); // MSE (9 + 16) / 2
    expect(psnr(a, b)).toBeCloseTo(10 * Math.log10(65025 / 12.5), 10);
  });

  it('agrees with scikit-image', () => {
    const { original, distorted } = distortedPair();
    expect(psnr(original, distorted)).toBeCloseTo(25.56904, 4); // scikit-image 0.26, data_range=255
  });

  it('takes 65535 as the peak of 16-bit samples', () => {
    const a = raster(1, 1, 1, Uint16Array.of(0));
    const b = raster(1, 1, 1, Uint16Array.of(65535));
    expect(psnr(a, b)).toBe(0);
  });

  it('is infinite for equal pictures and refuses different sizes', () => {
    const picture = busyPicture(4, 3, 3, 1);
    expect(psnr(picture, picture)).toBe(Infinity);
    expect(() => psnr(picture, busyPicture(3, 4, 3, 1))).toThrow(/4×3×3 with 3×4×3/);
  });
});

describe('ssim', () => {
  it('agrees with scikit-image', () => {
    // scikit-image 0.26: gaussian_weights=True, sigma=1.5, win_size=11, use_sample_covariance=False, data_range=255.
    const { original, distorted } = distortedPair();
    expect(ssim(original, distorted)).toBeCloseTo(0.982496, 5);
  });

  it('is (2μ₁μ₂ + C₁) / (μ₁² + μ₂² + C₁) for flat pictures', () => {
    const flat = (value: number) => raster(11, 11, 1, new Uint8Array(121).fill(value));
    const c1 = 2.55 ** 2;
    expect(ssim(flat(100), flat(150))).toBeCloseTo((2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1), 4);
  });

  it('is 1 for equal pictures, of three channels too, and needs 11 pixels a side', () => {
    const picture = busyPicture(13, 12, 3, 5);
    expect(ssim(picture, picture)).toBeCloseTo(1, 6);
    expect(() => ssim(busyPicture(10, 20, 1, 0), busyPicture(10, 20, 1, 0))).toThrow(/11 pixels/);
  });
});

describe('rgbToY', () => {
  it('gives the luma of BT.601 in limited range, rounded for 8 bit', () => {
    // MATLAB: rgb2ycbcr(uint8([0 0 0; 255 255 255; 255 0 0; 0 255 0; 0 0 255])).
    const colours = [0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255];
    const picture = raster(5, 1, 3, Uint8Array.from(colours));
    expect(Array.from(rgbToY(picture).data)).toEqual([16, 235, 81, 145, 41]);
    expect(rgbToY(toFloat(picture)).data[2]).toBeCloseTo(81.481, 3);
  });

  it('scales with the bit depth', () => {
    const white = raster(1, 1, 3, Uint16Array.of(65535, 65535, 65535));
    expect(rgbToY(white).data[0]).toBe(235 * 257);
  });

  it('leaves a grey picture as it is', () => {
    const grey = raster(2, 1, 1, Uint8Array.of(0, 255));
    expect(rgbToY(grey).data).toEqual(grey.data);
  });
});

describe('cropping', () => {
  it('takes the border off every side', () => {
    const picture = raster(
      4,
      3,
      1,
      Uint8Array.from({ length: 12 }, (_, i) => i),
    );
    expect(cropBorder(picture, 1)).toEqual(raster(2, 1, 1, Uint8Array.of(5, 6)));
    expect(() => cropBorder(picture, 2)).toThrow(/does not fit/);
  });

  it('cuts to multiples from the right and the bottom', () => {
    const picture = raster(
      3,
      3,
      1,
      Uint8Array.from({ length: 9 }, (_, i) => i),
    );
    expect(cropToMultiple(picture, 2)).toEqual(raster(2, 2, 1, Uint8Array.of(0, 1, 3, 4)));
  });
});

describe('raster', () => {
  it('refuses samples that do not fill it', () => {
    expect(() => raster(2, 2, 3, new Uint8Array(11))).toThrow(/2 × 2 × 3/);
  });
});
