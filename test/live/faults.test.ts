import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { LiveHouse } from './live-house.js';
import { tintEngine } from './tint-engine.js';
import { largestInterval, largestSoundGap, until, type Seen } from './watcher.js';

let house: LiveHouse;
let folder: string;
beforeAll(async () => {
  house = await LiveHouse.open();
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-faults-'));
});
afterEach(() => house.stopAll());
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

describe('a live stream whose input goes away', () => {
  it('holds the last picture with silence, keeps the output, and goes on when the input is back', async () => {
    await house.signal('in');
    const { session, notices } = house.start({});
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 30, 'a second');

    house.server.drop(house.nameOf('in'), 'publisher');
    house.server.drop(house.nameOf('in'), 'player');
    await until(() => session.status.input === 'gone', 'the input to be gone');
    const atLoss = watcher.pictures.length;
    await watcher.until(({ pictures }) => pictures.length > atLoss + 60, 'pictures without an input');
    const held = watcher.pictures.slice(-25);
    expect(new Set(held.map(({ number }) => number)).size).toBe(1);

    await house.signal('in', { firstNumber: 5000 });
    await watcher.until(
      ({ pictures }) => (pictures.at(-1)?.number ?? 0) > 5025,
      'the input to be back',
      40_000,
    );
    expect(session.status.totals.outputConnections).toBe(1);
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
    expect(largestSoundGap(watcher)).toBeLessThan(30);
    expect(notices.filter((notice) => notice.includes('is gone'))).toHaveLength(1);
    expect(notices.filter((notice) => notice.includes('is back'))).toHaveLength(1);
  });

  it('ends within seconds while it waits for the input', async () => {
    const signal = await house.signal('in');
    const { session, done } = house.start({});
    await until(() => session.status.totals.sent > 20, 'pictures');
    await signal.stop();
    await until(() => session.status.input === 'gone', 'the input to be gone');
    const closedMs = performance.now();
    session.close();
    await done;
    expect(performance.now() - closedMs).toBeLessThan(5000);
  });

  it('shows the slate instead, if there is one', async () => {
    const slate = join(folder, 'slate.png');
    const blue = { width: 32, height: 32, channels: 3, background: '#0000ff' } as const;
    await writeFile(slate, await sharp({ create: blue }).png().toBuffer());
    const signal = await house.signal('in');
    house.session({ slate });
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 30, 'a second');
    await signal.stop();
    const isBlue = ({ color }: Seen): boolean => color[2] > 200 && color[0] < 40;
    await watcher.until(({ pictures }) => pictures.slice(-5).every(isBlue), 'the slate');
  });

  it('goes on with pictures of another size, between black bars where the shape differs', async () => {
    const signal = await house.signal('in', { width: 160, height: 96 });
    const session = house.session({});
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 30, 'a second');
    await signal.stop();
    await house.signal('in', { width: 320, height: 128, firstNumber: 7000 });
    const isNew = ({ number }: Seen): boolean => number > 7000 && number < 8000;
    await watcher.until(({ pictures }) => pictures.slice(-5).every(isNew), 'the other size', 40_000);
    const last = watcher.pictures.at(-1);
    expect(last).toMatchObject({ width: 160, height: 96 });
    expect(session.status.outputSize).toEqual({ width: 160, height: 96 });
    expect(session.status.totals.outputConnections).toBe(1);
  });
});

describe('a live stream whose output goes away', () => {
  it('connects again, and nothing has piled up', async () => {
    const signal = await house.signal('in');
    const { session, notices } = house.start({});
    await house.outputRuns();
    await until(() => session.status.totals.sent > 50, 'two seconds');
    for (let drop = 0; drop < 2; drop += 1) {
      const before = session.status.totals.outputConnections;
      expect(house.server.drop(house.nameOf('out'), 'publisher')).toBe(1);
      await until(() => session.status.totals.outputConnections > before, 'another connection');
    }
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 50, 'two seconds more');
    const delays = watcher.pictures
      .slice(-20)
      .map(({ number, atMs }) => atMs - (signal.sentAt.get(number) ?? NaN));
    expect(Math.max(...delays)).toBeLessThan(1000);
    expect(session.status.totals.inputConnections).toBe(1);
    expect(notices.join(' ')).not.toContain(house.nameOf('out'));
  });

  it('waits for a server that is away from the beginning', async () => {
    const port = house.server.port;
    await house.signal('in');
    const gone = `rtmp://127.0.0.1:${port + 1}/live/secretkey`;
    const { session, notices } = house.start({ output: gone });
    await until(() => notices.some((notice) => notice.includes('cannot be reached')), 'the notice');
    expect(notices.join(' ')).not.toContain('secretkey');
    await until(() => session.status.totals.sent > 40, 'pictures all the same');
    expect(session.status.output).toBe('gone');
  });

  it('does not wait for a server that takes nothing any more', async () => {
    const stalled = new Set<Socket>();
    const silent = createServer((socket) => {
      stalled.add(socket);
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    await house.signal('in');
    const { session, done } = house.start({ output: `rtmp://127.0.0.1:${port}/live/key` });
    await until(() => session.status.totals.sent > 40 && stalled.size > 0, 'pictures');
    await until(() => session.status.rates.sentFps > 20, 'an even stream');
    const closedMs = performance.now();
    session.close();
    await done;
    expect(performance.now() - closedMs).toBeLessThan(3000);
    for (const socket of stalled) socket.destroy();
    silent.close();
  });
});

describe('a live stream whose worker dies', () => {
  it('goes on with another one', async () => {
    const dieFile = join(folder, 'die');
    await house.signal('in');
    const session = house.session({ engine: tintEngine({ dieFile }) });
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 30, 'a second');
    await writeFile(dieFile, '');
    const before = session.status.totals.restyled;
    await until(() => session.status.totals.restyled > before + 50, 'pictures by another worker');
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
    expect(session.status.totals.failed).toBe(0);
    await watcher.until(({ pictures }) => (pictures.at(-1)?.color[0] ?? 0) > 130, 'the style');
  });
});

describe('a live stream whose network is too slow for its size', () => {
  it('works at a smaller size, and at a larger one again when it can', async () => {
    await house.signal('in', { width: 160, height: 96 });
    // 160×96 takes 61 ms of the 40 that there are, 120×72 takes 35.
    const fastFile = join(folder, 'fast');
    const { session, notices } = house.start({
      engine: tintEngine({ msPerMegapixel: 4000, fastFile }),
      workers: 1,
    });
    await until(() => session.status.workingSize.width === 120, 'a smaller size');
    expect(notices.join(' ')).toContain('The network is too slow for 160×96: working at 120×72 from now on.');
    expect(session.status.outputSize).toEqual({ width: 160, height: 96 });
    const before = session.status.totals.dropped;
    await until(() => session.status.rates.restyledFps > 22, 'all pictures');
    expect(session.status.totals.dropped - before).toBeLessThan(30);
    await writeFile(fastFile, '');
    await until(() => session.status.workingSize.width === 160, 'the whole size', 60_000);
    expect(notices.join(' ')).toContain('The network has time to spare: working at 160×96 from now on.');
  });

  it('turns from one network to several that share the cores, and back when one is quick enough', async () => {
    await house.signal('in', { width: 160, height: 96 });
    // One network takes 51 ms of the 40 that there are; two or more do it.
    const fastFile = join(folder, 'fast-enough');
    const { session, notices } = house.start({ engine: tintEngine({ msPerMegapixel: 3300, fastFile }) });
    await house.outputRuns();
    const watcher = await house.watch('out');
    expect(session.status.engine).toBe('tint');
    await until(() => session.status.engine.endsWith(' × tint'), 'several networks');
    expect(notices).toContain('One network is too slow for 160×96: several share the cores from now on.');
    await until(() => session.status.rates.restyledFps > 22, 'all pictures');
    await writeFile(fastFile, '');
    await until(() => session.status.engine === 'tint', 'one network', 60_000);
    expect(notices).toContain('The networks have time to spare: one has all cores from now on.');
    expect(session.status.workingSize).toEqual({ width: 160, height: 96 });
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
  });
});
