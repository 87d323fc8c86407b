import { describe, expect, it } from '@jest/globals';
import { frameBytes } from '../../src/media/index.js';
import type { FrameGeometry } from '../../src/media/index.js';
import * as av from '../../src/media/node-av.js';
import { PixelConverter } from '../../src/media/pixel-converter.js';

// Luma weights of red and blue: ITU-R BT.601, BT.709 and BT.2020.
const weights = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;

/** A flat picture: every sample of a plane is the same. */
function flat(
  format: av.AVPixelFormat,
  matrix: av.AVColorSpace,
  range: av.AVColorRange,
  yuv: readonly number[],
): av.Frame {
  const frame = new av.Frame();
  frame.alloc();
  frame.width = 32;
  frame.height = 16;
  frame.format = format;
  frame.colorSpace = matrix;
  frame.colorRange = range;
  frame.getBuffer();
  const deep = format === av.AV_PIX_FMT_YUV420P10LE;
  for (const [plane, bytes] of (frame.data ?? []).entries()) {
    const value = yuv[plane] ?? 0;
    if (deep) for (let offset = 0; offset + 1 < bytes.length; offset += 2) bytes.writeUInt16LE(value, offset);
    else bytes.fill(value);
  }
  return frame;
}

/** The textbook conversion of one pixel, 0..1. */
function reference(
  [kr, kb]: readonly [number, number],
  limited: boolean,
  levels: number,
  yuv: readonly [number, number, number],
): number[] {
  const unit = levels / 256;
  const [y, u, v] = limited
    ? [
        (yuv[0] - 16 * unit) / (219 * unit),
        (yuv[1] - 128 * unit) / (224 * unit),
        (yuv[2] - 128 * unit) / (224 * unit),
      ]
    : [yuv[0] / (levels - 1), (yuv[1] - levels / 2) / (levels - 1), (yuv[2] - levels / 2) / (levels - 1)];
  const red = y + 2 * (1 - kr) * v;
  const blue = y + 2 * (1 - kb) * u;
  const green = (y - kr * red - kb * blue) / (1 - kr - kb);
  return [red, green, blue];
}

/** How far a channel's samples are from a value, at most. */
function worst(pixels: ArrayLike<number>, channel: number, value: number): number {
  let most = 0;
  for (let index = channel; index < pixels.length; index += 3) {
    most = Math.max(most, Math.abs((pixels[index] ?? NaN) - value));
  }
  return most;
}

/** `AVMasteringDisplayMetadata` of a display of 1000 candela per square metre with the primaries of BT.2020. */
function masteringDisplay(): Buffer {
  const chromaticities = [35_400, 14_600, 8500, 39_850, 6550, 2300, 15_635, 16_450].flatMap((value) => [
    value,
    50_000,
  ]);
  return Buffer.from(Int32Array.of(...chromaticities, 1, 10_000, 10_000_000, 10_000, 1, 1).buffer);
}

describe('reading a picture as RGB', () => {
  const cases = [
    { name: 'BT.601, limited', matrix: av.AVCOL_SPC_SMPTE170M, weight: weights.bt601, limited: true },
    { name: 'BT.709, limited', matrix: av.AVCOL_SPC_BT709, weight: weights.bt709, limited: true },
    { name: 'BT.2020, limited', matrix: av.AVCOL_SPC_BT2020_NCL, weight: weights.bt2020, limited: true },
    { name: 'BT.709, full', matrix: av.AVCOL_SPC_BT709, weight: weights.bt709, limited: false },
  ];

  it.each(cases)('follows the tags $name within one level of 256', ({ matrix, weight, limited }) => {
    const yuv = [120, 110, 150] as const;
    const frame = flat(
      av.AV_PIX_FMT_YUV420P,
      matrix,
      limited ? av.AVCOL_RANGE_MPEG : av.AVCOL_RANGE_JPEG,
      yuv,
    );
    const geometry: FrameGeometry = { width: 32, height: 16, format: 'rgb8' };
    const pixels = new Uint8Array(new SharedArrayBuffer(frameBytes(geometry)));
    const converter = new PixelConverter();
    converter.toRgb(frame, pixels, geometry);
    reference(weight, limited, 256, yuv).forEach((value, channel) => {
      expect(worst(pixels, channel, value * 255)).toBeLessThanOrEqual(1);
    });
    converter.close();
    frame.free();
  });

  it('keeps 10 bits apart in 16-bit samples, within one level of 1024', () => {
    const geometry: FrameGeometry = { width: 32, height: 16, format: 'rgb16' };
    const pixels = new Uint16Array(frameBytes(geometry) / 2);
    const converter = new PixelConverter({ deep: true });
    for (const luma of [500, 501, 502]) {
      const yuv = [luma, 480, 600] as const;
      const frame = flat(av.AV_PIX_FMT_YUV420P10LE, av.AVCOL_SPC_BT2020_NCL, av.AVCOL_RANGE_MPEG, yuv);
      converter.toRgb(frame, new Uint8Array(pixels.buffer), geometry);
      reference(weights.bt2020, true, 1024, yuv).forEach((value, channel) => {
        expect(worst(pixels, channel, value * 65535)).toBeLessThan(65535 / 1024);
      });
      frame.free();
    }
    converter.close();
  });

  it('leaves tones and gamut alone, whatever the HDR tags say', () => {
    const geometry: FrameGeometry = { width: 32, height: 16, format: 'rgb16' };
    const yuv = [600, 480, 560] as const;
    const pixels = new Uint16Array(frameBytes(geometry) / 2);
    const converter = new PixelConverter({ deep: true });
    for (const transfer of [av.AVCOL_TRC_SMPTE2084, av.AVCOL_TRC_ARIB_STD_B67, av.AVCOL_TRC_RESERVED]) {
      const frame = flat(av.AV_PIX_FMT_YUV420P10LE, av.AVCOL_SPC_BT2020_NCL, av.AVCOL_RANGE_MPEG, yuv);
      frame.colorPrimaries = av.AVCOL_PRI_BT2020;
      frame.colorTrc = transfer;
      frame.newSideData(av.AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, 88).set(masteringDisplay());
      converter.toRgb(frame, new Uint8Array(pixels.buffer), geometry);
      reference(weights.bt2020, true, 1024, yuv).forEach((value, channel) => {
        expect(worst(pixels, channel, value * 65535)).toBeLessThan(65535 / 1024);
      });
      frame.free();
    }
    converter.close();
  });

  it('comes back unchanged when it is written again', async () => {
    const geometry: FrameGeometry = { width: 32, height: 16, format: 'rgb8' };
    const pixels = new Uint8Array(frameBytes(geometry));
    const converter = new PixelConverter();
    for (const yuv of [
      [70, 120, 135],
      [120, 128, 128],
      [180, 134, 120],
    ] as const) {
      const frame = flat(av.AV_PIX_FMT_YUV420P, av.AVCOL_SPC_BT709, av.AVCOL_RANGE_MPEG, yuv);
      const back = flat(av.AV_PIX_FMT_YUV420P, av.AVCOL_SPC_BT709, av.AVCOL_RANGE_MPEG, [0, 0, 0]);
      converter.toRgb(frame, pixels, geometry);
      await converter.fromRgb(pixels, geometry, back);
      yuv.forEach((value, plane) => {
        expect(Math.abs((back.data?.[plane]?.[5] ?? 0) - value)).toBeLessThanOrEqual(1);
      });
      frame.free();
      back.free();
    }
    converter.close();
  });

  it('gives white as 65535 and takes it so, in 16 bits', async () => {
    const geometry: FrameGeometry = { width: 32, height: 16, format: 'rgb16' };
    const pixels = new Uint16Array(frameBytes(geometry) / 2);
    const converter = new PixelConverter({ deep: true });
    const white = flat(av.AV_PIX_FMT_YUV420P10LE, av.AVCOL_SPC_BT709, av.AVCOL_RANGE_MPEG, [940, 512, 512]);
    converter.toRgb(white, new Uint8Array(pixels.buffer), geometry);
    expect([0, 1, 2].map((channel) => worst(pixels, channel, 65535))).toEqual([0, 0, 0]);
    const back = flat(av.AV_PIX_FMT_YUV420P10LE, av.AVCOL_SPC_BT709, av.AVCOL_RANGE_MPEG, [0, 0, 0]);
    await converter.fromRgb(new Uint8Array(pixels.buffer), geometry, back);
    const [luma, blue, red] = back.data ?? [];
    expect([luma, blue, red].map((plane) => plane?.readUInt16LE(4))).toEqual([940, 512, 512]);
    converter.close();
    white.free();
    back.free();
  });

  it('refuses memory of another size', () => {
    const frame = flat(av.AV_PIX_FMT_YUV420P, av.AVCOL_SPC_BT709, av.AVCOL_RANGE_MPEG, [0, 0, 0]);
    const converter = new PixelConverter();
    expect(() => {
      converter.toRgb(frame, new Uint8Array(10), { width: 32, height: 16, format: 'rgb8' });
    }).toThrow('1536 bytes');
    converter.close();
    frame.free();
  });
});
