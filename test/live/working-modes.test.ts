import { describe, expect, it } from '@jest/globals';
import { ModeAdvisor, type ModeFacts } from '../../src/live/mode-advisor.js';
import { growthBetween, workingModes, type WorkingMode } from '../../src/live/working-modes.js';

const small = { width: 640, height: 360 };

/** `640×360, 1 × 2 threads`; without a division the rule for files holds. */
function told({ geometry, division }: WorkingMode): string {
  const size = `${geometry.width}×${geometry.height}`;
  return division ? `${size}, ${division.workers} × ${division.threads} threads` : size;
}

describe('the modes of a live stream', () => {
  it('begin with one network that has all cores, go on with a network a core, then with smaller sizes', () => {
    expect(workingModes(small, {}, 2).map(told)).toEqual([
      '640×360, 1 × 2 threads',
      '640×360',
      '480×272',
      '320×180',
      '240×136',
    ]);
  });

  it('give one network no more cores than it has a use for', () => {
    expect(workingModes(small, {}, 32).map(told)[0]).toBe('640×360, 1 × 8 threads');
  });

  it.each([
    ['one core', small, {}, 1],
    ['pictures so large that files have one network too', { width: 1920, height: 1080 }, {}, 8],
    ['pictures so large that networks for files have as many threads', { width: 1920, height: 1080 }, {}, 16],
    ['a number of networks that the user names', small, { workers: 2 }, 4],
    ['a number of threads that the user names', small, { threads: 1 }, 4],
    ['another device', small, { device: 'cuda' }, 4],
  ])('are sizes alone for %s', (_, output, wishes, cores) => {
    const modes = workingModes(output, wishes, cores);
    expect(modes).toHaveLength(4);
    expect(modes.every(({ division }) => division === undefined)).toBe(true);
  });

  it('load the machine more by their pixels, and by threads that wait for each other', () => {
    const growths = workingModes(small, {}, 2)
      .slice(0, 3)
      .map((mode, place, modes) => growthBetween(mode, modes[place - 1] ?? mode));
    expect(growths).toEqual([1, 1.2, (640 * 360) / (480 * 272)]);
  });
});

describe('the advice about modes', () => {
  const alone: ModeFacts = { workers: 1, growth: undefined, isQuickerUnseen: true };
  const shared: ModeFacts = { workers: 2, growth: 1.2, isQuickerUnseen: false };

  /** An adviser that is told of seconds of 24 pictures, so many of them dropped at such a load. */
  const secondBySecond = () => {
    const advisor = new ModeAdvisor();
    const counts = { received: 0, restyled: 0, dropped: 0, failed: 0, busyMs: 0 };
    advisor.advise(counts, alone);
    return (facts: ModeFacts, dropped: number, load: number) => {
      counts.received += 24;
      counts.dropped += dropped;
      counts.busyMs += 1000 * load * facts.workers;
      return advisor.advise(counts, facts);
    };
  };

  it('is to share the cores after three seconds of single drops by one network that is busy all the time', () => {
    const after = secondBySecond();
    const advice = [1, 2, 3].map(() => after(alone, 1, 0.97));
    expect(advice).toEqual(['keep', 'keep', 'quicker']);
  });

  it('is to stay where the machine stands still now and then but the network has time', () => {
    const after = secondBySecond();
    for (let second = 0; second < 60; second += 1) expect(after(alone, 2, 0.7)).toBe('keep');
  });

  it('is to bear single drops where the next mode is smaller, and not many', () => {
    const after = secondBySecond();
    for (let second = 0; second < 60; second += 1) expect(after(shared, 2, 0.99)).toBe('keep');
    expect([1, 2, 3].map(() => after(shared, 3, 0.99))).toEqual(['keep', 'keep', 'quicker']);
  });

  it('is to go back after ten seconds in which one network would have had time, and later each time that it had not', () => {
    const after = secondBySecond();
    const secondsUntilBetter = (load: number): number => {
      for (let second = 1; second <= 400; second += 1) if (after(shared, 0, load) === 'better') return second;
      return Infinity;
    };
    expect(secondsUntilBetter(0.65)).toBe(Infinity);
    const fail = (): void => {
      for (let second = 0; second < 3; second += 1) after(alone, 5, 1);
    };
    const waits = Array.from({ length: 7 }, () => {
      const seconds = secondsUntilBetter(0.6);
      fail();
      return seconds;
    });
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300]);
  });
});
