import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { freePort } from './rtmp-server.js';
import { startRtspServer } from './rtsp-server.js';
import { LiveHouse } from './live-house.js';
import type { TestSignal } from './test-signal.js';
import { flashOffsets, largestInterval, until, type Watcher } from './watcher.js';

let house: LiveHouse;
let folder: string;
beforeAll(async () => {
  house = await LiveHouse.open();
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-inputs-'));
});
afterEach(() => house.stopAll());
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

/** Watches the output until pictures and sound of the input have come through for two seconds, hardly a picture missing. */
async function comesThrough(signal: () => TestSignal): Promise<Watcher> {
  await house.outputRuns();
  const watcher = await house.watch('out');
  const isOurs = (number: number): boolean => number > 0 && signal().sentAt.has(number);
  await watcher.until(
    ({ pictures, onsetsMs }) =>
      pictures.length > 50 &&
      pictures.slice(-50).every(({ number }) => isOurs(number)) &&
      new Set(pictures.slice(-50).map(({ number }) => number)).size > 45 &&
      onsetsMs.length > 2,
    'pictures and sound',
    60_000,
  );
  expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
  const offsets = flashOffsets(watcher);
  expect(offsets.length).toBeGreaterThan(0);
  for (const offset of offsets) expect(Math.abs(offset)).toBeLessThanOrEqual(40);
  return watcher;
}

describe('a live stream is taken', () => {
  it('by SRT, from whoever calls', async () => {
    const port = await freePort();
    house.start({ input: `srt://127.0.0.1:${port}?mode=listener` });
    const signal = await house.signalTo(`srt://127.0.0.1:${port}`);
    await comesThrough(() => signal);
  });

  it('by RTSP, from a server, and again after a dropped connection', async () => {
    const server = await startRtspServer();
    try {
      const options = { muxing: { rtsp_transport: 'tcp' } };
      await house.signalTo(server.url, options);
      const { session, notices } = house.start({ input: server.url });
      await until(() => session.status.totals.restyled > 25, 'pictures');
      expect(server.drop()).toBe(2);
      await until(() => notices.some((notice) => notice.includes('is gone')), 'the notice');
      const again = await house.signalTo(server.url, options);
      await comesThrough(() => again);
      expect(session.status.totals.outputConnections).toBe(1);
    } finally {
      await house.stopAll();
      server.close();
    }
  });

  it('by HLS, from a web server', async () => {
    const server: Server = createServer((request, response) => {
      createReadStream(join(folder, basename(request.url ?? '')))
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const playlist = join(folder, 'live.m3u8');
      const signal = await house.signalTo(playlist, { muxing: { hls_time: '1', hls_list_size: '4' } });
      await until(() => existsSync(playlist), 'the playlist');
      house.start({ input: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live.m3u8` });
      await comesThrough(() => signal);
    } finally {
      await house.stopAll();
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('a live input that falls silent although its connection is open', () => {
  it('is called again, and shown as soon as it goes on', async () => {
    const signal = await house.signal('in');
    const { session, notices } = house.start({});
    await house.outputRuns();
    const watcher = await house.watch('out');
    await watcher.until(({ pictures }) => pictures.length > 25, 'a second');
    signal.isPaused = true;
    await until(() => session.status.input === 'gone', 'the input to be gone');
    const connections = session.status.totals.inputConnections;
    await until(() => notices.some((notice) => notice.includes('is gone')), 'the notice');
    const last = Math.max(...signal.sentAt.keys());
    signal.isPaused = false;
    await watcher.until(({ pictures }) => (pictures.at(-1)?.number ?? 0) > last, 'the input', 40_000);
    expect(session.status.totals.inputConnections).toBeGreaterThan(connections);
    expect(session.status.totals.outputConnections).toBe(1);
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
  });
});
