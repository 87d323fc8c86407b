import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVideo } from '../../src/media/index.js';
import { makeClip, evenTimes } from '../fixtures/clips.js';
import { LiveHouse } from './live-house.js';
import { tintEngine } from './tint-engine.js';
import { flashOffsets, type Seen } from './watcher.js';

let house: LiveHouse;
let folder: string;
beforeAll(async () => {
  house = await LiveHouse.open();
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-live-'));
});
afterEach(() => house.stopAll());
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

describe('a live stream', () => {
  it('goes from server to server restyled, evenly, at the delay that was asked for, with its sound in step', async () => {
    const signal = await house.signal('in');
    house.session({ latencyMs: 400 });
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ onsetsMs }) => onsetsMs.length >= 5, 'five beeps');
    const pictures = watcher.pictures.slice(10, -1);

    // Red is laid over: the style is in the pixels.
    for (const { color } of pictures) expect(color[0] - color[1]).toBeGreaterThan(80);

    const intervals = pictures.slice(1).map(({ timeMs }, i) => timeMs - (pictures[i]?.timeMs ?? 0));
    expect(Math.max(...intervals)).toBeLessThanOrEqual(41);
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(39);

    // Decoders on both sides and RTMP itself add some tens of milliseconds.
    const delays = pictures.map(({ number, atMs }) => atMs - (signal.sentAt.get(number) ?? NaN));
    expect(median(delays)).toBeGreaterThan(380);
    expect(median(delays)).toBeLessThan(600);

    const offsets = flashOffsets(watcher);
    expect(offsets.length).toBeGreaterThanOrEqual(4);
    for (const offset of offsets) expect(Math.abs(offset)).toBeLessThanOrEqual(40);
  });

  it('drops the oldest pictures and repeats others when the network is too slow, and keeps its delay', async () => {
    const signal = await house.signal('in', { fps: 25 });
    // 160×96 takes 77 ms: half of the pictures at best.
    const session = house.session({
      latencyMs: 400,
      engine: tintEngine({ msPerMegapixel: 5000 }),
      workers: 1,
    });
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 100, 'four seconds');
    const { totals } = session.status;
    expect(totals.dropped).toBeGreaterThan(20);
    expect(totals.repeated).toBeGreaterThan(20);
    const pictures = watcher.pictures.slice(10);
    const intervals = pictures.slice(1).map(({ timeMs }, i) => timeMs - (pictures[i]?.timeMs ?? 0));
    expect(Math.max(...intervals)).toBeLessThanOrEqual(41);
    const delayOf = ({ number, atMs }: Seen): number => atMs - (signal.sentAt.get(number) ?? NaN);
    expect(median(pictures.slice(-40).map(delayOf))).toBeLessThan(700);
  });

  it('shows another style within 200 ms, without a gap', async () => {
    await house.signal('in');
    const session = house.session({ style: 'mosaic' });
    await house.outputRuns();
    const watcher = await house.watch('out');
    const sentAt = new Map<number, number>();
    session.viewers.add({
      onTag: ({ type, timeMs }) => {
        if (type === 'video') sentAt.set(timeMs, performance.now());
      },
    });
    await watcher.until(({ pictures }) => pictures.length > 50, 'two seconds');
    const turns: number[] = [];
    for (const [style, channel] of [
      ['wave', 1],
      ['candy', 2],
      ['mosaic', 0],
    ] as const) {
      const before = watcher.pictures.length;
      const turnedMs = performance.now();
      await session.turnTo({ style });
      const isTurned = ({ color }: Seen): boolean => color[channel] === Math.max(...color);
      await watcher.until(({ pictures }) => pictures.slice(before).some(isTurned), style);
      const { timeMs = NaN } = watcher.pictures.slice(before).find(isTurned) ?? {};
      turns.push((sentAt.get(Math.round(timeMs)) ?? NaN) - turnedMs);
    }
    // From the call to the moment at which the first picture that a viewer sees in the other style is sent.
    expect(median(turns)).toBeLessThan(200);
    const times = watcher.pictures.slice(10).map(({ timeMs }) => timeMs);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(41);
  });

  it('lets strength and kept colours be turned', async () => {
    await house.signal('in');
    const session = house.session({ style: 'mosaic' });
    await house.outputRuns();
    const watcher = await house.watch('out');
    const last = (): readonly number[] => watcher.pictures.at(-1)?.color ?? [0, 0, 0];
    const redness = (): number => (last()[0] ?? 0) - (last()[1] ?? 0);
    await watcher.until(() => redness() > 80, 'red');
    await session.turnTo({ keepColors: true });
    await watcher.until(() => Math.abs(redness()) < 10, 'grey');
    await session.turnTo({ keepColors: false, strength: 0.5 });
    await watcher.until(() => redness() > 30 && redness() < 80, 'half as red');
    await expect(session.turnTo({ style: 'mosiac' })).rejects.toThrow('Did you mean "mosaic"?');
    expect(session.status.look).toEqual({ style: 'mosaic', strength: 0.5, keepColors: false });
  });

  it('is written to a file as well, from one second to another', async () => {
    await house.signal('in');
    const session = house.session({});
    await house.outputRuns();
    for (const ending of ['mkv', 'mp4']) {
      const path = join(folder, `recorded.${ending}`);
      await session.startRecording(path);
      expect(session.status.recording).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await session.stopRecording();
      await using video = await openVideo(path);
      expect(video.info.streams.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
      let frames = 0;
      for await (const frame of video.frames()) {
        frames += 1;
        frame.close();
      }
      expect(frames).toBeGreaterThan(25);
      expect(frames).toBeLessThan(60);
    }
  });

  it('is taken from a publisher who comes by', async () => {
    const { port, url } = await house.listener();
    house.session({ input: url, listen: true });
    const signal = await house.signalTo(url);
    expect(port).toBeGreaterThan(0);
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 25, 'a second');
    expect(signal.hasFailed).toBe(false);
  });

  it('plays a file in its own time and ends with it', async () => {
    const clip = join(folder, 'clip.mp4');
    await makeClip(clip, { times: evenTimes(50), sound: ['eng'], width: 160, height: 96 });
    const record = join(folder, 'file.mkv');
    const startedMs = performance.now();
    const { session, done, notices } = house.start({ input: clip, output: undefined, record });
    await done;
    // To the last one: those that wait when the file ends are sent too.
    expect(session.status.totals).toMatchObject({ received: 50, failed: 0 });
    expect(session.status.totals.restyled).toBeGreaterThanOrEqual(45);
    expect(notices).toHaveLength(1);
    expect(performance.now() - startedMs).toBeGreaterThan(1900);
    await using video = await openVideo(record);
    expect(video.geometry).toMatchObject({ width: 160, height: 96 });
  });

  it('is taken from one of FFmpeg’s capture devices', async () => {
    const record = join(folder, 'device.mkv');
    const source = 'testsrc=size=128x64:rate=20:duration=1';
    await house.start({ input: source, inputFormat: 'lavfi', output: undefined, record, close: 3000 }).done;
    await using video = await openVideo(record);
    expect(video.geometry).toMatchObject({ width: 128, height: 64 });
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
