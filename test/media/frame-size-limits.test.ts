import { describe, expect, it } from '@jest/globals';
import { checkFrameSize } from '../../src/media/frame-size-limits.js';

const frame = (width: number, height: number) => ({ width, height, format: 'rgb8' }) as const;

describe('checkFrameSize', () => {
  it.each([
    ['libx264', 8192, 4352],
    ['hevc_nvenc', 7680, 4320],
    ['libsvtav1', 7680, 4320],
    ['ffv1', 15360, 8640],
    ['libvpx-vp9', 15360, 8640],
  ])('lets %s have %i×%i', (encoder, width, height) => {
    expect(() => {
      checkFrameSize(encoder, frame(width, height));
    }).not.toThrow();
  });

  it.each([
    ['libx264', 15360, 8640, 'H.264'],
    ['h264_vaapi', 8192, 8192, 'H.264'],
    ['libx265', 17000, 100, 'HEVC'],
    ['mpeg2video', 8192, 16, 'MPEG'],
  ])('refuses %s frames of %i×%i and says what holds them', (encoder, width, height, format) => {
    expect(() => {
      checkFrameSize(encoder, frame(width, height));
    }).toThrow(new RegExp(`^${format}.*${width}×${height} is more.*ffv1`));
  });
});
