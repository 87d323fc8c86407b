/** What Johnson et al. 2016 (arXiv 1603.08155) report, to stand beside what is measured here. */

/** Table 1, on a Titan X, by side in pixels: seconds of a forward pass, and how much longer 100, 300 and 500 iterations took. */
export const publishedSpeed: ReadonlyMap<
  number,
  { readonly seconds: number; readonly ratios: readonly number[] }
> = new Map([
  [256, { seconds: 0.015, ratios: [212, 636, 1060] }],
  [512, { seconds: 0.05, ratios: [205, 615, 1026] }],
  [1024, { seconds: 0.21, ratios: [208, 625, 1042] }],
]);

/** A row of table 2. */
export interface PublishedSr {
  readonly set: string;
  readonly method: string;
  /** On luma, dB. */
  readonly psnr: number;
  readonly ssim: number;
}

/** Table 2 (PSNR and SSIM on luma) by scale. */
export const publishedSr: ReadonlyMap<number, readonly PublishedSr[]> = new Map([
  [
    4,
    [
      { set: 'Set5', method: 'bicubic', psnr: 28.43, ssim: 0.8114 },
      { set: 'Set5', method: 'pixel loss', psnr: 28.4, ssim: 0.8205 },
      { set: 'Set5', method: 'SRCNN', psnr: 30.48, ssim: 0.8628 },
      { set: 'Set5', method: 'feature loss', psnr: 27.09, ssim: 0.768 },
      { set: 'Set14', method: 'bicubic', psnr: 25.99, ssim: 0.7301 },
      { set: 'Set14', method: 'pixel loss', psnr: 25.75, ssim: 0.6994 },
      { set: 'Set14', method: 'SRCNN', psnr: 27.49, ssim: 0.7503 },
      { set: 'Set14', method: 'feature loss', psnr: 24.99, ssim: 0.6731 },
    ],
  ],
]);
