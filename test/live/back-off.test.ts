import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackOff, type Clock } from '../../src/live/back-off.js';
import { InputLoop } from '../../src/live/input-loop.js';
import { NetworkKeeper } from '../../src/live/network-keeper.js';
import { Push } from '../../src/live/push.js';
import { evenTimes, makeClip } from '../fixtures/clips.js';
import { makePresets } from '../fixtures/presets.js';
import { freePort, startRtmpServer, type RtmpServer } from './rtmp-server.js';
import { tintEngine } from './tint-engine.js';

/** A clock whose waits are over at once and are kept; `ended` aborts when `count` of them have been asked for. */
class FakeClock implements Clock {
  readonly waits: number[] = [];
  readonly #ended = new AbortController();
  readonly ended = this.#ended.signal;
  #nowMs = 0;

  constructor(
    private readonly count: number,
    /** Something that happens during the wait of this number, counted from 1. */
    private readonly meanwhile: Readonly<Record<number, () => Promise<unknown>>> = {},
  ) {}

  nowMs(): number {
    return this.#nowMs;
  }

  passes(ms: number): void {
    this.#nowMs += ms;
  }

  async wait(ms: number): Promise<void> {
    this.waits.push(ms);
    this.passes(ms);
    await this.meanwhile[this.waits.length]?.();
    if (this.waits.length >= this.count) this.#ended.abort();
  }
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vidstyle-back-off-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('an input that cannot be had', () => {
  it('is called again after 0.5, 1, 2, 4 and 8 s, and after 0.5 s once something has come', async () => {
    const path = join(folder, 'clip.ts');
    await makeClip(path, { times: evenTimes(25), width: 160, height: 96 });
    const clip = await readFile(path);
    let calls = 0;
    const server = createServer((socket) => {
      calls += 1;
      socket.on('error', () => undefined);
      if (calls === 8) socket.end(clip);
      else socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const clock = new FakeClock(11);
    const arrivals: number[] = [];
    const input = new InputLoop({
      input: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
      handlers: {
        onPicture: (picture) => {
          picture.close();
        },
        onSound: () => undefined,
      },
      onArrival: (_, dtsMs) => arrivals.push(dtsMs),
      onOpen: () => undefined,
      onNotice: () => undefined,
      signal: clock.ended,
      backOff: new BackOff(clock),
    });
    await input.run();
    server.close();
    // What was read to find out the form is not handed on.
    expect(arrivals.length).toBeGreaterThan(0);
    expect(input.connections).toBe(1);
    const growing = [500, 1000, 2000, 4000, 8000];
    expect(clock.waits).toEqual([...growing, 8000, 8000, ...growing.slice(0, 4)]);
  });
});

describe('an output that cannot be had', () => {
  /** Pushes nothing to a port; `onConnected` is called with every connection. */
  const push = async (port: number, clock: FakeClock, onConnected: () => void): Promise<Push> => {
    const made = new Push({
      url: `rtmp://127.0.0.1:${port}/live/out`,
      mostWaitingBytes: 1e6,
      onNotice: () => undefined,
      onKeyFrameNeeded: onConnected,
      signal: clock.ended,
      backOff: new BackOff(clock),
    });
    await made.run();
    return made;
  };

  it('is called again after 0.5, 1, 2, 4 and 8 s, and after 0.5 s once it has stood', async () => {
    const port = await freePort();
    let server: RtmpServer | undefined;
    const stop = async (): Promise<void> => {
      await server?.stop();
    };
    // Away for six attempts, there for one, away again.
    const clock = new FakeClock(9, { 6: async () => (server = await startRtmpServer(port)), 7: stop });
    const made = await push(port, clock, () => {
      clock.passes(10_000);
      server?.drop('out', 'publisher');
    });
    expect(made.counts.connections).toBe(1);
    expect(clock.waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 500, 1000, 2000]);
  });

  it('is not called twice a second by being one that takes the stream and throws it out at once', async () => {
    const server = await startRtmpServer();
    const clock = new FakeClock(5);
    const made = await push(server.port, clock, () => {
      server.drop('out', 'publisher');
    });
    await server.stop();
    expect(made.counts.connections).toBe(5);
    expect(clock.waits).toEqual([500, 1000, 2000, 4000, 8000]);
  });
});

describe('a network that opens and fails at once', () => {
  it('is opened again after 0.5, 1, 2, 4 and 8 s, and after 0.5 s once it has worked for a while', async () => {
    const clock = new FakeClock(100);
    const keeper = await NetworkKeeper.open(
      { style: 'mosaic', strength: 1, keepColors: false },
      { width: 64, height: 48 },
      {
        engine: tintEngine(),
        presets: await makePresets(),
        onNotice: () => undefined,
        signal: clock.ended,
        backOff: new BackOff(clock),
      },
    );
    const fail = async (): Promise<void> => {
      keeper.reopen('it is broken');
      await keeper.turnTo({}); // its turn comes after
    };
    for (let time = 0; time < 6; time += 1) await fail();
    clock.passes(10_000);
    await fail();
    await keeper.close();
    expect(clock.waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 500]);
  });
});

describe('a wait between attempts', () => {
  it('takes its time, and none when everything ends', async () => {
    const backOff = new BackOff();
    const startedMs = performance.now();
    await backOff.wait(new AbortController().signal);
    // Timers may be a millisecond early.
    expect(performance.now() - startedMs).toBeGreaterThan(498);
    const ended = new AbortController();
    const waiting = backOff.wait(ended.signal);
    ended.abort();
    const abortedMs = performance.now();
    await waiting;
    expect(performance.now() - abortedMs).toBeLessThan(200);
  });
});
