import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Chapter } from '../../src/media/index.js';
import { openVideo, verifyOutput } from '../../src/media/index.js';
import type { ClipOptions } from '../fixtures/clips.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { openFilesIn, restream, temporaryFolder } from './restream.js';

const folder = temporaryFolder();

const chapters: Chapter[] = [
  { startSeconds: 0, endSeconds: 0.2, metadata: { title: 'Beginning' } },
  { startSeconds: 0.2, endSeconds: 0.4, metadata: { title: 'Schluß – 終' } },
];
const font = { name: 'font.ttf', type: 'application/x-truetype-font', bytes: Buffer.from('no real font') };
const everything: ClipOptions = {
  sound: ['eng', 'fra'],
  subtitles: [
    { start: 0.04, seconds: 0.1, text: 'Hello' },
    { start: 0.2, seconds: 0.1, text: 'Zwei\nZeilen' },
  ],
  chapters,
  metadata: { title: 'A film', artist: 'Somebody' },
  videoTitle: 'Main view',
  rotation: 90,
  aspect: { num: 4, den: 3 },
  color: { range: 1, primaries: 1, transfer: 1, matrix: 1 },
};
const hdr = {
  codec: 'libx265',
  pixelFormat: 'yuv420p10le',
  encoderOptions: { preset: 'ultrafast', 'x265-params': 'log-level=none' },
};

const hdr10 =
  'master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400';

const clips: Record<string, { file: string; options: ClipOptions }> = {
  'even frames': { file: 'even.mp4', options: {} },
  'variable frame rate': {
    file: 'vfr.mp4',
    options: { timeBase: { num: 1, den: 90_000 }, times: [0, 3003, 6000, 9100, 20_000, 20_500, 40_000] },
  },
  'variable frame rate in milliseconds': {
    file: 'vfr.mkv',
    options: {
      timeBase: { num: 1, den: 1000 },
      times: [0, 33, 67, 100, 500, 501, 900],
      muxerOptions: { avoid_negative_ts: 'disabled' },
    },
  },
  'a start after zero': {
    file: 'late.mp4',
    options: { timeBase: { num: 1, den: 12_800 }, times: evenTimes(8, 512).map((time) => time + 1234) },
  },
  '10 bits with HDR tags': {
    file: 'deep.mp4',
    options: { ...hdr, color: { range: 1, primaries: 9, transfer: 16, matrix: 9 } },
  },
  'static HDR metadata': {
    file: 'hdr10.mkv',
    options: {
      ...hdr,
      encoderOptions: {
        preset: 'ultrafast',
        'x265-params': `log-level=none:repeat-headers=1:hdr10=1:${hdr10}`,
      },
      color: { range: 1, primaries: 9, transfer: 16, matrix: 9 },
    },
  },
  'interlaced MPEG-2 and sound in a transport stream': {
    file: 'broadcast.ts',
    options: {
      ...{ codec: 'mpeg2video', interlaced: true, width: 96, height: 64, aspect: { num: 64, den: 45 } },
      ...{ sound: ['eng'], encoderOptions: { bf: '2', b: '2000000' } },
    },
  },
  'MPEG-4 with B-frames in AVI': {
    file: 'old.avi',
    options: { codec: 'mpeg4', encoderOptions: { bf: '2' }, sound: ['eng'] },
  },
  fragments: {
    file: 'fragments.mp4',
    options: { muxerOptions: { movflags: '+frag_keyframe+empty_moov' }, sound: ['eng'] },
  },
  'RGB pictures': { file: 'rgb.mkv', options: { codec: 'png', pixelFormat: 'rgb24' } },
  '12 bits': { file: 'twelve.mkv', options: { codec: 'ffv1', pixelFormat: 'yuv422p12le' } },
  '10-bit H.264': { file: 'high10.mkv', options: { pixelFormat: 'yuv420p10le' } },
  'odd width and height': { file: 'odd.mkv', options: { codec: 'ffv1', width: 63, height: 47 } },
  'a time code': { file: 'timecode.mov', options: { timecode: '01:00:00:05', sound: ['eng'] } },
  'full range': {
    file: 'full-range.mp4',
    options: { color: { range: 2, primaries: 5, transfer: 6, matrix: 5 } },
  },
  'interlaced frames': { file: 'interlaced.mp4', options: { interlaced: true, encoderOptions: { bf: '0' } } },
  'everything in Matroska': { file: 'everything.mkv', options: { ...everything, attachment: font } },
  'everything in MP4': { file: 'everything.mp4', options: everything },
};

describe.each(Object.entries(clips))('a video with %s', (_name, { file, options }) => {
  it.each(/^(everything|timecode)/.test(file) ? ['mp4', 'mkv', 'mov'] : ['mp4', 'mkv'])(
    'keeps everything that .%s holds',
    async (ending) => {
      const input = join(folder, file);
      const output = join(folder, `${file}.${ending}`);
      await makeClip(input, options);
      await restream(input, output);
      const rows = await verifyOutput(input, output);
      expect(rows.filter((row) => !row.ok)).toEqual([]);
      expect(rows.find((row) => row.property === 'frames')?.expected).toBe(
        String(options.times?.length ?? 10),
      );
      expect(openFilesIn(folder)).toEqual([]);
    },
  );
});

describe('what a container does not take', () => {
  const input = join(folder, 'full-house.mkv');

  it('is converted or left out with a notice', async () => {
    await makeClip(input, { ...everything, attachment: font });
    const notices = await restream(input, join(folder, 'converted.mp4'));
    expect(notices).toEqual([
      'The subtitle stream 3 (subrip) is converted to mov_text: mp4 does not take it as it is.',
      'The attachment stream 4 (ttf) is left out: mp4 does not take it.',
    ]);
  });

  it('is copied without a notice where the container takes it', async () => {
    expect(await restream(input, join(folder, 'copied.mkv'))).toEqual([]);
  });

  it('includes metadata of unusual names, which is announced', async () => {
    const tagged = join(folder, 'tagged.mkv');
    await makeClip(tagged, { metadata: { title: 'A film', catalogue: '17' } });
    const output = join(folder, 'tagged.mp4');
    expect(await restream(tagged, output)).toEqual(['mp4 has no place for the metadata CATALOGUE.']);
    expect((await verifyOutput(tagged, output)).filter((row) => !row.ok)).toEqual([]);
    await using result = await openVideo(output);
    expect(result.info.metadata['title']).toBe('A film');
  });

  it('includes transparency, which is announced', async () => {
    const input = join(folder, 'transparent.mkv');
    await makeClip(input, { codec: 'png', pixelFormat: 'rgba' });
    expect(await restream(input, join(folder, 'opaque.mp4'))).toEqual([
      'The transparency of the input is left out.',
    ]);
  });

  it('is encoded anew in WebM: sound as Opus, words as WebVTT', async () => {
    const output = join(folder, 'converted.webm');
    const notices = await restream(input, output, { sink: { preset: '8' } });
    expect(notices.slice(0, 3)).toEqual([
      'The audio stream 1 (aac) is converted to libopus: webm does not take it as it is.',
      'The audio stream 2 (aac) is converted to libopus: webm does not take it as it is.',
      'The subtitle stream 3 (subrip) is converted to webvtt: webm does not take it as it is.',
    ]);
    await using result = await openVideo(output);
    expect(result.info.streams.map((stream) => stream.codec)).toEqual(['vp9', 'opus', 'opus', 'webvtt']);
    expect(result.info.streams[2]?.metadata['language']).toBe('fra');
    expect((await verifyOutput(input, output)).filter((row) => !row.ok)).toEqual([]);
  });

  it('goes along only when asked', async () => {
    const output = join(folder, 'alone.mkv');
    await restream(input, output, { sink: { copyStreams: false } });
    await using result = await openVideo(output);
    expect(result.info.streams.map((stream) => stream.kind)).toEqual(['video']);
  });
});

describe('a data stream', () => {
  const data = ['first', 'second', 'third'].map((text) => Buffer.from(text));

  it.each([
    ['mp4', 'mp4'],
    ['mp4', 'mov'],
    ['ts', 'ts'],
  ])('goes bit for bit from .%s into .%s', async (from, to) => {
    const [input, output] = [join(folder, `data.${from}`), join(folder, `data-out.${to}`)];
    await makeClip(input, { data });
    expect(await restream(input, output)).toEqual([]);
    const rows = await verifyOutput(input, output);
    expect(rows.filter((row) => !row.ok)).toEqual([]);
    expect(rows.find((row) => row.property === 'stream 1 packets')?.actual).toBe('3 bit for bit');
  });

  it('is left out with a notice where the container has no place for it', async () => {
    const input = join(folder, 'measured.mp4');
    await makeClip(input, { data });
    expect(await restream(input, join(folder, 'unmeasured.mkv'))).toEqual([
      'The data stream 1 (bin_data) is left out: matroska does not take it.',
    ]);
  });
});

describe('interlaced video', () => {
  it('is announced', async () => {
    const input = join(folder, 'fields.mp4');
    await makeClip(input, { interlaced: true, encoderOptions: { bf: '0' } });
    expect(await restream(input, join(folder, 'fields.mkv'))).toEqual([
      'The input is interlaced: every frame is processed whole and stays so.',
    ]);
  });
});

describe('cover art', () => {
  it.each(['mp4', 'mkv'])('is not mistaken for the video and comes along into .%s', async (ending) => {
    const cover = await sharp({ create: { width: 500, height: 500, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const input = join(folder, 'covered.mp4');
    const output = join(folder, `covered-out.${ending}`);
    await makeClip(input, { cover });
    await restream(input, output);
    await using result = await openVideo(output);
    expect(result.info.video.width).toBe(64);
    expect(result.info.streams.find((stream) => stream.dispositions.includes('attached_pic'))?.codec).toBe(
      'png',
    );
    expect((await verifyOutput(input, output)).filter((row) => !row.ok)).toEqual([]);
  });
});

describe('a part of a video', () => {
  it('cuts sound, subtitles and chapters alike and begins at zero', async () => {
    const input = join(folder, 'long.mkv');
    const output = join(folder, 'part.mkv');
    await makeClip(input, { ...everything, muxerOptions: { avoid_negative_ts: 'disabled' } });
    const part = { start: 0.12, duration: 0.16 };
    await restream(input, output, { open: part });
    await using result = await openVideo(output);
    expect(result.info.chapters).toEqual([
      { startSeconds: 0, endSeconds: 0.08, metadata: { title: 'Beginning' } },
      { startSeconds: 0.08, endSeconds: 0.16, metadata: { title: 'Schluß – 終' } },
    ]);
    const rows = await verifyOutput(input, output, part);
    expect(rows.filter((row) => !row.ok)).toEqual([]);
    expect(rows.find((row) => row.property === 'frames')?.expected).toBe('4');
  });
});

describe('other containers', () => {
  it.each(['webm', 'avi', 'ts'])('keeps frame count and size in .%s', async (ending) => {
    const input = join(folder, 'source.mkv');
    const output = join(folder, `other.${ending}`);
    await makeClip(input, { sound: ['eng'] });
    await restream(input, output, { sink: ending === 'webm' ? { preset: '8' } : {} });
    await using result = await openVideo(output);
    let frames = 0;
    for await (const frame of result.frames()) {
      frames++;
      frame.close();
    }
    expect(frames).toBe(10);
    expect(result.info.video).toMatchObject({ width: 64, height: 48 });
  });
});
