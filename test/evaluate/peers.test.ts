import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareClip, readFrames, scoreFrames } from '../../src/evaluate/peers/frames.js';
import type { PeerWork } from '../../src/evaluate/peers/peer.js';
import { Scratch } from '../../src/evaluate/peers/scratch.js';
import { timeJobs } from '../../src/evaluate/peers/whole-jobs.js';
import { makeClip } from '../fixtures/clips.js';
import { fakeMachine, temporaryFolder } from '../setup/fakes.js';

describe('the folder of other programs', () => {
  it('installs each once, where it can be thrown away', async () => {
    const root = await temporaryFolder();
    const { run, commands } = fakeMachine(() => ({}));
    const scratch = new Scratch(undefined, { root, run });
    expect(await scratch.pip('one', ['one==1.0'])).toBe(join(root, 'one'));
    await scratch.pip('one', ['one==1.0']);
    await scratch.pip('one', ['one==1.1']);
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(command).toContain(`--target ${join(root, 'one')} one==1.`);
  });

  it('says why a program cannot be installed, and tries again the next time', async () => {
    const root = await temporaryFolder();
    const { run, commands } = fakeMachine(() => ({ code: 1, tail: 'Looking\nERROR: No matching distribution\nbye' })); // prettier-ignore
    const scratch = new Scratch(undefined, { root, run });
    await expect(scratch.npm('two', ['two'])).rejects.toMatchObject({
      code: 'setup',
      message: 'npm could not install it: ERROR: No matching distribution',
    });
    await expect(scratch.npm('two', ['two'])).rejects.toMatchObject({ code: 'setup' });
    expect(commands).toHaveLength(2);
  });

  it('reads the figures that a program prints last', async () => {
    const { run } = fakeMachine(() => ({ output: 'Welcome!\n{"forwardMs":[1,2]}' }));
    expect(await new Scratch(undefined, { run }).run('three', [])).toEqual({ forwardMs: [1, 2] });
  });
});

describe('whole jobs', () => {
  const work = { count: 50, jobRounds: 3 } as PeerWork;

  it('are timed as processes of their own, as often as planned', async () => {
    const seconds = [5, 4, 10];
    const { run, commands } = fakeMachine(() => ({
      output: JSON.stringify({ seconds: seconds[commands.length - 1], largestBytes: 100 * commands.length, output: '' }), // prettier-ignore
    }));
    const cost = await timeJobs(['restyler', 'in.mp4'], work, new Scratch(undefined, { run }));
    expect(cost).toEqual({ framesPerSecond: [10, 12.5, 5], largestBytes: 300 });
    for (const command of commands) expect(command).toMatch(/^python3 .*measure\.py restyler in\.mp4$/);
  });

  it('count everything from the start of the program to its end', async () => {
    const program = "setTimeout(() => {}, 300); Buffer.alloc(64e6, 1); console.log('{}')";
    const { framesPerSecond, largestBytes } = await timeJobs(
      [process.execPath, '-e', program],
      { ...work, jobRounds: 1 },
      new Scratch(undefined),
    );
    expect(framesPerSecond[0]).toBeLessThan(50 / 0.3);
    expect(framesPerSecond[0]).toBeGreaterThan(5);
    expect(largestBytes).toBeGreaterThan(64e6);
  });
});

describe('frames for other programs', () => {
  it('are the same as a clip and unpacked', async () => {
    const folder = await temporaryFolder();
    await makeClip(join(folder, 'in.mp4'), { width: 64, height: 48 });
    const { clip, frames, count } = await prepareClip(join(folder, 'in.mp4'), { width: 32, height: 24 }, 4, folder); // prettier-ignore
    expect(count).toBe(4);
    expect(clip).toMatch(/32x24\.mp4$/);
    expect(await readFrames(frames, { width: 32, height: 24 })).toHaveLength(4);
  });

  it('are scored on luma without borders', async () => {
    const folder = await temporaryFolder();
    const size = { width: 20, height: 16 };
    const [result, original] = [join(folder, 'a.rgb'), join(folder, 'b.rgb')];
    const grey = Buffer.alloc(20 * 16 * 3, 100);
    const lighter = Buffer.alloc(20 * 16 * 3, 110);
    for (let i = 0; i < 60; i++) lighter[i] = 0; // the first row, which the border takes away
    await writeFile(result, Buffer.concat([lighter, lighter]));
    await writeFile(original, Buffer.concat([grey, grey]));
    // 10 levels of RGB are 10·219/255 of luma in limited range: 20·log10(255 / 8.588) = 29.452 dB.
    expect((await scoreFrames({ result, original }, size, 2)).psnr).toBeCloseTo(29.452, 2);
  });
});
