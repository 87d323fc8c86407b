import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { VideoSinkOptions } from '../../src/media/index.js';
import { createVideoSink, frameBytes, hasEncoder, openVideo, verifyOutput } from '../../src/media/index.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { openFilesIn, restream, temporaryFolder } from './restream.js';
import { timesOf } from './times-of.js';

const folder = temporaryFolder();
const input = join(folder, 'input.mkv');

beforeAll(async () => {
  await makeClip(input, { times: evenTimes(30), sound: ['eng'] });
});

async function refusal(
  path: string,
  options: VideoSinkOptions = {},
): Promise<{ code: string; message: string }> {
  await using source = await openVideo(input);
  const error: unknown = await createVideoSink(path, source, options).then(
    () => new Error('it was opened'),
    (reason: unknown) => reason,
  );
  expect(openFilesIn(folder).filter((file) => file !== input)).toEqual([]);
  return error as { code: string; message: string };
}

describe('a video sink refuses, in one sentence,', () => {
  it('a folder that does not exist', async () => {
    expect(await refusal(join(folder, 'nowhere', 'out.mp4'))).toMatchObject({
      code: 'output',
      message: `The folder "${join(folder, 'nowhere')}" does not exist.`,
    });
  });

  it('a file in place of the folder', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    expect(await refusal(join(folder, 'file', 'out.mp4'))).toMatchObject({ code: 'output' });
  });

  it('an ending that names no video container', async () => {
    for (const name of ['out', 'out.xyz', 'out.png', 'out.wav']) {
      expect((await refusal(join(folder, name))).message).toContain('names no video container');
    }
  });

  it('an encoder, option or value that does not exist', async () => {
    const out = join(folder, 'refused.mp4');
    expect(await refusal(out, { codec: 'libx999' })).toMatchObject({ code: 'usage' });
    expect((await refusal(out, { encoderOptions: { 'no-such-option': 1 } })).message).toContain(
      'no option "no-such-option"',
    );
    expect((await refusal(out, { encoderOptions: { g: 'many' } })).message).toContain('refuses "many"');
    expect((await refusal(out, { preset: 'warp' })).message).toContain('libx264');
    expect((await refusal(out, { pixelFormat: 'rgb8k' })).message).toContain('libx264 takes yuv420p');
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });
});

describe('hasEncoder', () => {
  it('knows what there is', () => {
    expect([hasEncoder('libx264'), hasEncoder('libx999')]).toEqual([true, false]);
  });
});

describe('a video sink', () => {
  it('passes any option of the encoder through', async () => {
    const output = join(folder, 'options.mp4');
    await restream(input, output, {
      sink: { codec: 'h264', crf: 30, encoderOptions: { g: 1, bf: 0, 'x264-params': 'ref=1' } },
    });
    await using result = await openVideo(output);
    expect(result.info.video.codec).toBe('h264');
  });

  it('leaves nothing behind when it is aborted half-way, and nothing open', async () => {
    const output = join(folder, 'aborted.mp4');
    const source = await openVideo(input);
    const sink = await createVideoSink(output, source, { preset: 'ultrafast' });
    const pixels = new Uint8Array(frameBytes(source.geometry));
    for await (const frame of source.frames()) {
      frame.close();
      await sink.write({ ...timesOf(frame), pixels });
      if (frame.index === 12) break;
    }
    expect(existsSync(`${output}.part`)).toBe(true);
    const writing = sink
      .write({ index: 13, ptsTicks: 600n, durationTicks: 40n, pixels })
      .catch(() => undefined);
    await Promise.all([sink.abort(), sink.abort()]);
    await writing;
    await source.close();
    expect(readdirSync(folder).filter((name) => name.startsWith('aborted'))).toEqual([]);
    expect(openFilesIn(folder)).toEqual([]);
    await expect(sink.write({ index: 14, ptsTicks: 700n, durationTicks: 40n, pixels })).rejects.toMatchObject(
      { code: 'output' },
    );
  });

  it('does not touch the finished file when it is aborted afterwards', async () => {
    const output = join(folder, 'finished.mp4');
    await using source = await openVideo(input);
    const sink = await createVideoSink(output, source, { preset: 'ultrafast' });
    const pixels = new Uint8Array(frameBytes(source.geometry));
    for await (const frame of source.frames()) {
      frame.close();
      await sink.write({ ...timesOf(frame), pixels });
    }
    expect(existsSync(output)).toBe(false);
    await sink.finish();
    await sink.abort();
    expect(existsSync(output)).toBe(true);
    expect(existsSync(`${output}.part`)).toBe(false);
  });

  it('keeps the old file until the new one is complete', async () => {
    const output = join(folder, 'replaced.mp4');
    writeFileSync(output, 'old');
    await using source = await openVideo(input);
    const sink = await createVideoSink(output, source, {});
    await sink.abort();
    expect(existsSync(output)).toBe(true);
    await restream(input, output);
    await using result = await openVideo(output);
    expect(result.frameCountEstimate).toBe(30);
  });

  it('ends with an error when its signal is aborted', async () => {
    const controller = new AbortController();
    await using source = await openVideo(input);
    const sink = await createVideoSink(join(folder, 'signal.mp4'), source, { signal: controller.signal });
    controller.abort();
    const pixels = new Uint8Array(frameBytes(source.geometry));
    await expect(sink.write({ index: 0, ptsTicks: 0n, durationTicks: 40n, pixels })).rejects.toMatchObject({
      code: 'aborted',
    });
    await sink.abort();
    expect(existsSync(join(folder, 'signal.mp4.part'))).toBe(false);
  });

  it('takes frames of another size, for upscaling, and keeps the shape of the pixels', async () => {
    const output = join(folder, 'larger.mp4');
    await using source = await openVideo(input);
    const geometry = { ...source.geometry, width: 128, height: 96 };
    const sink = await createVideoSink(output, source, { geometry, preset: 'ultrafast' });
    const pixels = new Uint8Array(frameBytes(geometry)).fill(80);
    for await (const frame of source.frames()) {
      frame.close();
      await sink.write({ ...timesOf(frame), pixels });
    }
    await sink.finish();
    await using result = await openVideo(output);
    expect(result.info.video).toMatchObject({
      width: 128,
      height: 96,
      sampleAspectRatio: { num: 1, den: 1 },
    });
  });

  it('keeps the shape of the picture when it was scaled while reading', async () => {
    const output = join(folder, 'squeezed.mp4');
    const size = { width: 32, height: 48 };
    await restream(input, output, { open: { size } });
    await using result = await openVideo(output);
    expect(result.info.video).toMatchObject({ ...size, sampleAspectRatio: { num: 2, den: 1 } });
    expect((await verifyOutput(input, output, { size })).filter((row) => !row.ok)).toEqual([]);
  });

  it('gives frames without a duration the last interval, so that the last frame is shown', async () => {
    const output = join(folder, 'untold.mp4');
    await using source = await openVideo(input);
    const sink = await createVideoSink(output, source, { preset: 'ultrafast' });
    const pixels = new Uint8Array(frameBytes(source.geometry));
    for await (const frame of source.frames()) {
      frame.close();
      await sink.write({ ...timesOf(frame), durationTicks: 0n, pixels });
    }
    await sink.finish();
    await using result = await openVideo(output);
    let frames = 0;
    for await (const frame of result.frames()) {
      frames++;
      frame.close();
    }
    expect(frames).toBe(30);
  });
});

describe('a disk that fills up', () => {
  const child = fileURLToPath(new URL('restream-child.js', import.meta.url));
  const full = join(folder, 'full');

  it.each(['mp4', 'mkv'])('ends the run with one sentence and leaves no file: .%s', async (ending) => {
    const titled = join(folder, `titled.${ending}`);
    const title = 'A long title '.repeat(15);
    const chapters = evenTimes(40, 0.02).map((startSeconds) => ({ startSeconds, endSeconds: startSeconds + 0.02, metadata: { title } })); // prettier-ignore
    await makeClip(titled, { times: evenTimes(20), sound: ['eng'], chapters });
    mkdirSync(full, { recursive: true });
    const output = join(full, `out.${ending}`);
    const reached = new Set<string>();
    // The last byte that fits is one of the pictures, of the index or of the chapters; or all fit.
    for (let kilobytes = 4; kilobytes <= 32; kilobytes += 4) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', full]);
      try {
        const { stdout } = spawnSync(process.execPath, [child, titled, output], { encoding: 'utf8' });
        const outcome = JSON.parse(stdout) as { frames?: number };
        if (outcome.frames === undefined) {
          const message = `The disk is full: "${output}" could not be written.`;
          expect(outcome).toMatchObject({ code: 'output', message });
          expect(readdirSync(full)).toEqual([]);
        } else expect((await verifyOutput(titled, output)).filter((row) => !row.ok)).toEqual([]);
        reached.add(outcome.frames === undefined ? 'full' : 'done');
      } finally {
        execFileSync('umount', [full]);
      }
    }
    expect([...reached]).toEqual(['full', 'done']);
  });

  it('may as well be a limit on the size of files', () => {
    mkdirSync(full, { recursive: true });
    const script = `trap '' XFSZ; ulimit -f 8; exec "$0" "$@"`;
    const output = join(full, 'out.mp4');
    const arguments_ = ['-c', script, process.execPath, child, input, output, 'noise'];
    const { stdout } = spawnSync('bash', arguments_, { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'output',
      message: expect.stringContaining('could not be written'),
    });
    expect(readdirSync(full)).toEqual([]);
  });
});
