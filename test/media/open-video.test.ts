import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { isVidstyleError } from '../../src/errors.js';
import type { SourceFrame, VideoSource } from '../../src/media/index.js';
import { frameBytes, openSource, openVideo } from '../../src/media/index.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { openFilesIn, temporaryFolder } from './restream.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await makeClip(at('clip.mp4'), { sound: ['eng'] });
  await makeClip(at('clip.mkv'), { times: evenTimes(50) });
});

async function refusal(path: string, open: (path: string) => Promise<unknown> = openVideo): Promise<string> {
  const error: unknown = await open(path).then(
    () => new Error('it was opened'),
    (reason: unknown) => reason,
  );
  if (!isVidstyleError(error)) throw error as Error;
  expect(error.code).toBe('input');
  expect(error.message).toMatch(/^[^\n]{10,200}\.$/);
  expect(openFilesIn(folder)).toEqual([]);
  return error.message;
}

describe('openVideo refuses, in one sentence,', () => {
  it('a missing file', async () => {
    expect(await refusal(at('missing.mp4'))).toContain('does not exist');
  });

  it('a folder', async () => {
    mkdirSync(at('folder.mp4'));
    expect(await refusal(at('folder.mp4'))).toContain('is a folder');
  });

  it('an empty file', async () => {
    writeFileSync(at('empty.mp4'), '');
    expect(await refusal(at('empty.mp4'))).toContain('is empty');
  });

  it('a file that is no video', async () => {
    writeFileSync(at('text.mp4'), 'just words, nothing else\n'.repeat(400));
    expect(await refusal(at('text.mp4'))).toContain('cannot be read as a video');
  });

  it('an MP4 cut short before its index', async () => {
    copyFileSync(at('clip.mp4'), at('short.mp4'));
    truncateSync(at('short.mp4'), 1500);
    expect(await refusal(at('short.mp4'))).toContain('cut short');
  });

  it('an encrypted file', async () => {
    const key = '00112233445566778899aabbccddeeff';
    await makeClip(at('encrypted.mp4'), {
      muxerOptions: { encryption_scheme: 'cenc-aes-ctr', encryption_key: key, encryption_kid: key },
    });
    expect(await refusal(at('encrypted.mp4'))).toContain('is encrypted');
  });

  it('sound without video', async () => {
    await makeClip(at('sound.mp4'), { noVideo: true, sound: ['eng'] });
    expect(await refusal(at('sound.mp4'))).toContain('no video, only sound');
  });

  it('sound with cover art only', async () => {
    const cover = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'blue' } })
      .png()
      .toBuffer();
    await makeClip(at('album.mp4'), { noVideo: true, sound: ['eng'], cover });
    expect(await refusal(at('album.mp4'))).toContain('no video, only sound');
  });

  it.each(['png', 'jpeg', 'webp'] as const)('a %s picture named .mp4', async (format) => {
    const picture = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'blue' } })
      .toFormat(format)
      .toBuffer();
    const path = at(`${format}.mp4`);
    writeFileSync(path, picture);
    expect(await refusal(path)).toMatch(/is a picture/);
    expect(await refusal(path, openSource)).toMatch(/picture, not a video/);
  });

  it.each([
    [
      'an HLS playlist of local files',
      '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n',
    ],
    ['an HLS playlist of the network', '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n'],
    ['a concat list', 'ffconcat version 1.0\nfile clip.mp4\n'],
    ['a bare concat list', "file 'clip.mp4'\n"],
    ['a DASH manifest', '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n'],
    ['a session description', 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\n'],
  ])('%s, whatever it is called', async (_name, text) => {
    writeFileSync(at('list.mp4'), text);
    expect(await refusal(at('list.mp4'))).toContain('points at other files or the network');
  });

  it('a playlist hidden behind other text', async () => {
    writeFileSync(at('hidden.m3u8'), `\n\n  \n#EXTM3U\n#EXTINF:1,\n${at('clip.mp4')}\n`);
    await refusal(at('hidden.m3u8'));
  });

  it('frames larger than the limit, before decoding them', async () => {
    const bytes = Buffer.from(readFileSync(at('clip.mp4')));
    const entry = bytes.indexOf('avc1', bytes.indexOf('stsd'));
    bytes.writeUInt16BE(20_000, entry + 28); // the sample entry's width
    bytes.writeUInt16BE(20_000, entry + 30);
    writeFileSync(at('huge.mp4'), bytes);
    // The bitstream tells the true size; a header that lies is refused or overruled by it, never allocated for.
    const result = await openVideo(at('huge.mp4')).catch((error: unknown) => error);
    if (isVidstyleError(result)) expect(result.message).toContain('16384');
    else await (result as { close: () => Promise<void> }).close();
    await makeClip(at('wide.mkv'), { codec: 'ffv1', width: 16_400, height: 2, times: [0] });
    expect(await refusal(at('wide.mkv'))).toContain('the limit is 16384 pixels a side');
  });

  it.each([
    ['zero-size frames', 'W0 H0', 'cannot be read as a video'],
    ['gigantic frames', 'W100000 H100000', 'cannot be read as a video'],
    ['frames a pixel beyond the limit', 'W16386 H16', 'the limit is 16384 pixels a side'],
  ])('%s', async (_name, size, sentence) => {
    const pixels = Buffer.alloc(16386 * 16 * 1.5);
    writeFileSync(at('size.y4m'), Buffer.concat([Buffer.from(`YUV4MPEG2 ${size} F25:1\nFRAME\n`), pixels]));
    expect(await refusal(at('size.y4m'))).toContain(sentence);
  });

  it('a playlist of the network that points at a local file', async () => {
    await makeClip(at('local.ts'));
    const { url, close } = await serve({ 'list.m3u8': hls(`file://${at('local.ts')}`) });
    expect(await refusal(`${url}/list.m3u8`)).toContain('cannot be');
    await close();
  });

  it('a protocol that is not supported', async () => {
    expect(await refusal('gopher://example.org/x')).toContain('gopher');
  });

  it.each(['nonsense', process.platform === 'win32' ? 'videotoolbox' : 'd3d11va'])(
    'decoding on a device that is not there: %s',
    async (hwaccel) => {
      const message = await refusal(at('clip.mp4'), (path) => openVideo(path, { hwaccel }));
      expect(message).toContain(`--hwaccel ${hwaccel}`);
    },
  );

  it.each(['cuda', 'vaapi', 'vulkan'])(
    'a machine without %s, or decodes on it what the CPU decodes',
    async (hwaccel) => {
      const opened = await openVideo(at('clip.mp4'), { hwaccel }).catch((error: unknown) => error);
      if (!isVidstyleError(opened)) {
        await using source = opened as VideoSource;
        await using onCpu = await openVideo(at('clip.mp4'));
        expect(await firstPixels(source)).toEqual(await firstPixels(onCpu));
      } else
        expect(opened.message).toMatch(
          new RegExp(`^--hwaccel ${hwaccel}: (no such device here|the h264 decoder does not)`),
        );
    },
  );

  it('a start behind the end', async () => {
    expect(await refusal(at('clip.mp4'), (path) => openVideo(path, { start: 100 }))).toContain(
      'no frames from second 100',
    );
  });
});

describe('a video source', () => {
  it('follows a playlist that the user named on the network', async () => {
    await makeClip(at('segment.ts'));
    const files = { 'list.m3u8': hls('segment.ts'), 'segment.ts': readFileSync(at('segment.ts')) };
    const { url, close } = await serve(files);
    const source = await openVideo(`${url}/list.m3u8`);
    expect(await firstPixels(source)).toHaveLength(64 * 48 * 3);
    await source.close();
    await close();
  });

  it('describes the file', async () => {
    await makeClip(at('described.mp4'), {
      rotation: 270,
      aspect: { num: 4, den: 3 },
      color: { range: 1, primaries: 9, transfer: 18, matrix: 9 },
      sound: ['fra'],
    });
    await using source = await openVideo(at('described.mp4'));
    expect(source.geometry).toEqual({ width: 64, height: 48, format: 'rgb8' });
    expect(source.frameCountEstimate).toBe(10);
    expect(source.info).toMatchObject({ container: 'mov,mp4,m4a,3gp,3g2,mj2', startSeconds: 0 });
    expect(source.info.video).toMatchObject({
      codec: 'h264',
      bitDepth: 8,
      rotationDegrees: 270,
      sampleAspectRatio: { num: 4, den: 3 },
      color: { range: 'tv', primaries: 'bt2020', transfer: 'arib-std-b67', matrix: 'bt2020nc' },
      interlaced: 'no',
      frameRate: { num: 25, den: 1 },
      variableFrameRate: false,
    });
    expect(source.info.streams[1]).toMatchObject({
      kind: 'audio',
      codec: 'aac',
      metadata: { language: 'fra' },
    });
  });

  it('reads only the part asked for', async () => {
    await using source = await openVideo(at('clip.mkv'), { start: 0.5, duration: 0.4 });
    const seconds: number[] = [];
    for await (const frame of source.frames()) {
      seconds.push(Number(frame.ptsTicks) / 1000 - source.info.startSeconds);
      frame.close();
    }
    expect(seconds).toHaveLength(10);
    expect(seconds[0]).toBeCloseTo(0.52, 3);
    expect(seconds.at(-1)).toBeCloseTo(0.88, 3);
  });

  it('scales while reading and keeps the shape of the picture', async () => {
    await using source = await openVideo(at('clip.mp4'), { size: { width: 32, height: 48 } });
    expect(source.sampleAspectRatio).toEqual({ num: 2, den: 1 });
    const pixels = new Uint8Array(frameBytes(source.geometry));
    for await (const frame of source.frames()) {
      frame.read(pixels);
      frame.close();
      break;
    }
    expect(pixels.some((value) => value !== pixels[0])).toBe(true);
  });

  it('ends with an error when it is aborted, and closes', async () => {
    const controller = new AbortController();
    const source = await openVideo(at('clip.mkv'));
    const reading = (async () => {
      for await (const frame of source.frames(controller.signal)) {
        frame.close();
        controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
    await source.close();
    await source.close();
    expect(openFilesIn(folder)).toEqual([]);
  });

  it('can be closed while a frame is being decoded', async () => {
    const source = await openVideo(at('clip.mkv'));
    const frames = source.frames();
    await frames.next().then(({ value }) => (value as { close: () => void }).close());
    const next = frames.next();
    await source.close();
    await next.catch(() => undefined);
    expect(openFilesIn(folder)).toEqual([]);
  });

  it('does not let its frames be read once it is closed', async () => {
    const source = await openVideo(at('clip.mkv'));
    const frame = (await source.frames().next()).value as SourceFrame;
    await source.close();
    expect(() => {
      frame.read(new Uint8Array(frameBytes(source.geometry)));
    }).toThrow('closed');
    frame.close();
  });

  it('does not open at all under an aborted signal', async () => {
    await expect(openVideo(at('clip.mp4'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

async function firstPixels(source: VideoSource): Promise<Uint8Array> {
  const pixels = new Uint8Array(frameBytes(source.geometry));
  for await (const frame of source.frames()) {
    frame.read(pixels);
    frame.close();
    break;
  }
  return pixels;
}

const hls = (segment: string): string =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n#EXT-X-ENDLIST\n`;

/** A web server of a few files. */
async function serve(
  files: Readonly<Record<string, string | Buffer>>,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(({ url = '' }, answer) => {
    const file = files[url.slice(1)];
    answer.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${port}`, close };
}
