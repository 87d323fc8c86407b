import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningSession } from './live-house.js';
import { LiveHouse } from './live-house.js';
import type { TestSignal, TestSignalOptions } from './test-signal.js';
import { largestInterval, largestSoundGap, type Watcher } from './watcher.js';

let house: LiveHouse;
beforeAll(async () => {
  house = await LiveHouse.open();
});
afterEach(() => house.stopAll());
afterAll(() => house.close());

interface Scene extends RunningSession {
  readonly signal: TestSignal;
  readonly watcher: Watcher;
}

/** A stream that has run for a second. */
async function scene(options: TestSignalOptions): Promise<Scene> {
  const signal = await house.signal('in', { ...options, turning: true });
  const running = house.start({});
  await house.outputRuns();
  const watcher = await house.watch('out');
  await watcher.until(({ pictures }) => pictures.length > 25, 'a second');
  expect(signal.hasFailed).toBe(false);
  return { ...running, signal, watcher };
}

/** Waits until pictures that are sent from now on show, and then for a second more. */
async function showsWhatFollows({ signal, watcher }: Scene): Promise<void> {
  const last = Math.max(...signal.sentAt.keys());
  const isNew = (number: number): boolean => number > last && signal.sentAt.has(number);
  await watcher.until(
    ({ pictures }) => pictures.slice(-25).every(({ number }) => isNew(number)),
    'the change',
  );
}

describe('a publisher who turns, over the same connection, to', () => {
  it.each([
    ['a larger picture', { width: 320, height: 192 }],
    ['a smaller picture', { width: 80, height: 48 }],
    ['more pictures a second', { fps: 50 }],
    ['fewer pictures a second', { fps: 10 }],
  ])('%s leaves the output as it was', async (_, change) => {
    const running = await scene({});
    const { watcher, session } = running;
    running.signal.turnTo(change);
    await showsWhatFollows(running);
    expect(new Set(watcher.pictures.map(({ width, height }) => `${width}×${height}`))).toEqual(
      new Set(['160×96']),
    );
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
    expect(largestSoundGap(watcher)).toBeLessThan(30);
    expect(session.status.totals).toMatchObject({ outputConnections: 1, failed: 0 });
    expect(session.status.outputSize).toEqual({ width: 160, height: 96 });
  });

  it('another codec is read anew, while the output goes on', async () => {
    const running = await scene({});
    running.signal.turnTo({ codec: 'libx265' });
    await showsWhatFollows(running);
    expect(largestInterval(running.watcher)).toBeLessThanOrEqual(41);
    expect(running.session.status.totals.outputConnections).toBe(1);
  });

  it('no sound sends silence, and the sound again when it comes back', async () => {
    const running = await scene({});
    const { signal, watcher } = running;
    await watcher.until(({ onsetsMs }) => onsetsMs.length >= 2, 'beeps');
    signal.turnTo({ sound: false });
    await showsWhatFollows(running);
    const beeps = watcher.onsetsMs.length;
    const pictures = watcher.pictures.length;
    await watcher.until((seen) => seen.pictures.length > pictures + 50, 'two seconds');
    expect(watcher.onsetsMs.length - beeps).toBeLessThanOrEqual(1);
    signal.turnTo({});
    await watcher.until(({ onsetsMs }) => onsetsMs.length >= beeps + 3, 'beeps again');
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
    expect(largestSoundGap(watcher)).toBeLessThan(30);
  });

  it('sound after a beginning without any is heard', async () => {
    const running = await scene({ sound: false });
    const { signal, watcher } = running;
    expect(watcher.onsetsMs).toEqual([]);
    signal.turnTo({ sound: true });
    await watcher.until(({ onsetsMs }) => onsetsMs.length >= 3, 'beeps', 40_000);
    expect(largestInterval(watcher)).toBeLessThanOrEqual(41);
    expect(running.session.status.totals.outputConnections).toBe(1);
  });
});
