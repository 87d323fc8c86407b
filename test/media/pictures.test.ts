import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { PictureSource } from '../../src/media/index.js';
import { createPictureSink, frameBytes, openPicture, openSource } from '../../src/media/index.js';
import { temporaryFolder } from './restream.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const [width, height] = [40, 30];
const rgba = Buffer.from(Array.from({ length: width * height * 4 }, (_, index) => (index * 37) % 256));
const samples16 = Uint16Array.from({ length: width * height * 3 }, (_, index) => (index * 977) % 65_536);

async function pixelsOf(source: PictureSource): Promise<Uint8Array> {
  const pixels = new Uint8Array(new SharedArrayBuffer(frameBytes(source.geometry)));
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
  }
  return pixels;
}

/** Reads a picture and writes it unchanged; returns what was read and the notices. */
async function copyPicture(
  input: string,
  output: string,
): Promise<{ pixels: Uint8Array; source: PictureSource; notices: string[] }> {
  const notices: string[] = [];
  const source = await openPicture(input);
  const sink = await createPictureSink(output, source, {
    onNotice: (sentence) => void notices.push(sentence),
  });
  const pixels = await pixelsOf(source);
  await sink.write({ index: 0, ptsTicks: 0n, durationTicks: 1n, pixels });
  await sink.finish();
  return { pixels, source, notices };
}

describe('a PNG', () => {
  it('comes back sample for sample, its transparency too', async () => {
    await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toFile(at('alpha.png'));
    const { pixels, source } = await copyPicture(at('alpha.png'), at('alpha-out.png'));
    const result = await openPicture(at('alpha-out.png'));
    expect(pixels.subarray(0, 3)).toEqual(new Uint8Array(rgba.subarray(0, 3)));
    expect(await pixelsOf(result)).toEqual(pixels);
    expect(result.alpha).toEqual(source.alpha);
    expect(result.alpha?.[5]).toBe(rgba[23]);
  });

  it('keeps 16 bits a sample', async () => {
    await sharp(samples16, { raw: { width, height, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(at('deep.png'));
    const { pixels, source } = await copyPicture(at('deep.png'), at('deep-out.png'));
    expect(source.geometry.format).toBe('rgb16');
    expect(new Uint16Array(Uint8Array.from(pixels).buffer)).toEqual(samples16);
    expect(await pixelsOf(await openPicture(at('deep-out.png')))).toEqual(pixels);
  });

  it('that is grey becomes RGB', async () => {
    await sharp(rgba, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .greyscale()
      .png()
      .toFile(at('grey.png'));
    const pixels = await pixelsOf(await openPicture(at('grey.png')));
    expect(pixels[0]).toBe(pixels[1]);
    expect(pixels[1]).toBe(pixels[2]);
  });
});

describe('a JPEG', () => {
  it('is turned upright, and keeps its colour profile and EXIF data', async () => {
    await sharp(rgba, { raw: { width, height, channels: 4 } })
      .removeAlpha()
      .withIccProfile('p3')
      .withExif({ IFD0: { Artist: 'Somebody' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(at('turned.jpg'));
    const original = await sharp(readFileSync(at('turned.jpg'))).metadata();
    for (const ending of ['jpg', 'png', 'webp']) {
      const output = at(`turned-out.${ending}`);
      const { source } = await copyPicture(at('turned.jpg'), output);
      expect(source.geometry).toEqual({ width: height, height: width, format: 'rgb8' });
      const result = await sharp(readFileSync(output)).metadata();
      expect([result.width, result.height]).toEqual([height, width]);
      expect(result.orientation ?? 1).toBe(1);
      expect(result.icc).toEqual(original.icc);
      expect(result.exif?.includes('Somebody')).toBe(true);
    }
  });

  it('announces what it cannot hold', async () => {
    await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toFile(at('alpha2.png'));
    expect((await copyPicture(at('alpha2.png'), at('flat.jpg'))).notices).toEqual([
      'JPEG holds no transparency: it is left out.',
    ]);
  });
});

describe('opening a picture', () => {
  it('goes by the contents, not the name', async () => {
    await sharp(rgba, { raw: { width, height, channels: 4 } })
      .png()
      .toFile(at('real.png'));
    writeFileSync(at('really-a-png.jpg'), readFileSync(at('real.png')));
    const { kind, source } = await openSource(at('really-a-png.jpg'));
    expect(kind).toBe('picture');
    expect((source as PictureSource).info.format).toBe('png');
  });

  it('refuses a damaged or missing file in one sentence', async () => {
    writeFileSync(at('half.png'), readFileSync(at('real.png')).subarray(0, 300));
    await expect(openSource(at('half.png'))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('cut short'),
    });
    await expect(openSource(at('none.png'))).rejects.toMatchObject({ code: 'input' });
  });

  it('can scale while reading', async () => {
    const source = await openPicture(at('real.png'), { size: { width: 20, height: 15 } });
    expect(source.geometry).toEqual({ width: 20, height: 15, format: 'rgb8' });
    expect((await pixelsOf(source)).byteLength).toBe(900);
  });
});

describe('a picture sink', () => {
  it('writes nothing when it is aborted, and refuses other endings and a second frame', async () => {
    const source = await openPicture(at('real.png'));
    const sink = await createPictureSink(at('never.png'), source);
    const pixels = await pixelsOf(source);
    await sink.write({ index: 0, ptsTicks: 0n, durationTicks: 1n, pixels });
    await expect(sink.write({ index: 1, ptsTicks: 1n, durationTicks: 1n, pixels })).rejects.toMatchObject({
      code: 'output',
    });
    await sink.abort();
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
    await expect(createPictureSink(at('x.bmp'), source)).rejects.toMatchObject({ code: 'output' });
  });

  it('scales the transparency along with an enlarged picture', async () => {
    const source = await openPicture(at('real.png'));
    const geometry = { width: 80, height: 60, format: 'rgb8' } as const;
    const sink = await createPictureSink(at('large.png'), source, { geometry });
    await sink.write({
      index: 0,
      ptsTicks: 0n,
      durationTicks: 1n,
      pixels: new Uint8Array(frameBytes(geometry)).fill(9),
    });
    await sink.finish();
    const result = await openPicture(at('large.png'));
    expect(result.geometry).toEqual(geometry);
    expect(result.alpha).toHaveLength(80 * 60);
    expect((await pixelsOf(result)).every((value) => value === 9)).toBe(true);
  });
});
