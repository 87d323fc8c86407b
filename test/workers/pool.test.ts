import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FrameSlots, Owner, type Slot } from '../../src/workers/frame-slots.js';
import { WorkerPool, type PoolOptions } from '../../src/workers/pool.js';
import { fakeEngineUrl, fakeModel, type FakeBehaviour } from '../fixtures/fake-engine.js';
import { smallGeometry } from '../fixtures/fake-media.js';
import { fixtureModel } from '../fixtures/onnx-models.js';
import { ownModel } from '../fixtures/own-model.js';

const open: WorkerPool[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

async function start(behaviour: FakeBehaviour, options: Partial<PoolOptions> & { style?: number[] } = {}) {
  const { style, ...others } = options;
  const session = { model: fakeModel(behaviour), geometry: smallGeometry, ...(style ? { style } : {}) };
  const pool = await WorkerPool.start({ engine: fakeEngineUrl, session, ...others });
  open.push(pool);
  const { outputGeometry } = pool;
  return {
    pool,
    slots: new FrameSlots({ count: 4, inputGeometry: smallGeometry, outputGeometry, masked: true }),
  };
}

async function frame(slots: FrameSlots, value: number): Promise<Slot> {
  const slot = await slots.acquire();
  slot.input.fill(value);
  slot.mask?.fill(255);
  slots.pass(slot, Owner.source, Owner.worker);
  return slot;
}

function onceFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'vidstyle-pool-')), 'happened');
}

describe('WorkerPool', () => {
  it('turns the slot’s input into its output, in another thread', async () => {
    const { pool, slots } = await start({});
    const slot = await frame(slots, 5);
    const timings = await pool.run(slot, slots.memory, 5);
    expect(slot.output.every((sample) => sample === 250)).toBe(true);
    expect(timings.thread).toBeGreaterThan(0);
    expect(Math.abs(timings.startedAtMs - Date.now())).toBeLessThan(5000);
  });

  it('gives each worker a device of its own', async () => {
    const session = { model: fakeModel({}), geometry: smallGeometry, device: 'cuda:0, cuda:1' };
    const { pool } = await start({}, { session });
    expect(pool.workers).toBe(2);
    expect(pool.description.split(' + ').sort()).toEqual(['fake cuda:0', 'fake cuda:1']);
    const { pool: busy } = await start({}, { session, workers: 4 });
    expect(busy.description.split(' + ').sort()).toEqual(['2 × fake cuda:0', '2 × fake cuda:1']);
  });

  it('reports the size of results and what the engine has to say, once', async () => {
    const notices: string[] = [];
    const { pool } = await start({ scale: 2 }, { workers: 2, onNotice: (notice) => notices.push(notice) });
    expect(pool.outputGeometry).toEqual({ width: 8, height: 4, format: 'rgb8' });
    expect(pool.description).toBe('2 × fake');
    expect(notices).toEqual(['The fake engine is in use.']);
  });

  it('fails to start with the reason why the network cannot be opened', async () => {
    await expect(start({ openError: 'It takes three pictures, not one.' })).rejects.toMatchObject({
      code: 'model',
      message: 'It takes three pictures, not one.',
    });
  });

  it('composes with strength and mask, and takes a new strength for the next frame', async () => {
    const { pool, slots } = await start({}, { strength: 0.5 });
    const slot = await frame(slots, 55);
    await pool.run(slot, slots.memory, 0);
    expect(slot.output[0]).toBe(128); // 55 + 0.5·(200 − 55) = 127.5
    slot.mask?.fill(0, 0, 1);
    pool.set({ strength: 1 });
    await pool.run(slot, slots.memory, 1);
    expect([slot.output[0], slot.output[3]]).toEqual([55, 200]);
  });

  it('keeps the colours of frames whose brightness alone a network makes', async () => {
    const geometry = { width: 8, height: 8, format: 'rgb8' } as const;
    const model = fixtureModel({ channels: 1 });
    const pool = await WorkerPool.start({ session: { model, geometry, threads: 1 } });
    open.push(pool);
    const slots = new FrameSlots({ count: 1, inputGeometry: geometry, outputGeometry: pool.outputGeometry });
    const slot = await slots.acquire();
    for (let i = 0; i < slot.input.length; i += 3) slot.input.set([120, 100, 80], i);
    slots.pass(slot, Owner.source, Owner.worker);
    await pool.run(slot, slots.memory, 0);
    // The luma of (120, 100, 80) is 103.7; inverted 151: every channel moves by about 47.
    expect([...slot.output.subarray(0, 3)]).toEqual([167, 147, 127]);
  });

  it('takes a new mixture of styles in every worker from its next frame on', async () => {
    const { pool, slots } = await start({}, { workers: 2, style: [1, 0] });
    const batch = await Promise.all([1, 2, 3, 4].map((value) => frame(slots, value)));
    const runAll = () => Promise.all(batch.map((slot, index) => pool.run(slot, slots.memory, index)));
    await runAll();
    expect(batch.map((slot) => slot.output[0])).toEqual([11, 12, 13, 14]);
    pool.setStyle([0.5, 0.5]);
    await runAll();
    expect(batch.map((slot) => slot.output[0])).toEqual([16, 17, 18, 19]);
  });

  it('replaces a worker that died and does its frame again', async () => {
    const { pool, slots } = await start({ dieAt: 2, onceFile: onceFile() }, { workers: 1 });
    const batch = await Promise.all([1, 2, 3].map((value) => frame(slots, value)));
    const timings = await Promise.all(batch.map((slot, index) => pool.run(slot, slots.memory, index)));
    expect(batch.map((slot) => slot.output[0])).toEqual([254, 253, 252]);
    expect(new Set(timings.map((timing) => timing.thread)).size).toBe(2);
  });

  it('keeps the style that was set last in a replaced worker', async () => {
    const { pool, slots } = await start({ dieAt: 2, onceFile: onceFile() }, { style: [1, 0] });
    pool.setStyle([0, 1]);
    const slot = await frame(slots, 2);
    await pool.run(slot, slots.memory, 0);
    expect(slot.output[0]).toBe(22);
  });

  it('ends with the frame’s number and the cause when a worker dies twice on it', async () => {
    const { pool, slots } = await start({ dieAt: 2 });
    const slot = await frame(slots, 2);
    await expect(pool.run(slot, slots.memory, 2)).rejects.toMatchObject({
      code: 'worker',
      message: 'Frame 2 failed twice: worker exited with code: 3',
      details: { frame: 2 },
    });
  });

  it('does a frame again after an engine’s error, once', async () => {
    const { pool, slots } = await start({ failAt: 3, onceFile: onceFile() });
    const slot = await frame(slots, 3);
    await pool.run(slot, slots.memory, 3);
    expect(slot.output[0]).toBe(252);
    const hopeless = await start({ failAt: 4 });
    const other = await frame(hopeless.slots, 4);
    await expect(hopeless.pool.run(other, hopeless.slots.memory, 4)).rejects.toMatchObject({
      code: 'engine',
      message: 'Frame 4 failed twice: the accelerator hiccupped',
    });
  });

  it('refuses a slot that is not a worker’s', async () => {
    const { pool, slots } = await start({});
    const slot = await slots.acquire();
    await expect(pool.run(slot, slots.memory, 0)).rejects.toThrow(/is not a worker's/);
  });

  it('gives up its frames when closed, and can be closed again', async () => {
    const { pool, slots } = await start({ takesMs: 200 });
    const running = [1, 2, 3].map(async (value) => pool.run(await frame(slots, value), slots.memory, value));
    const outcome = Promise.allSettled(running);
    await delay(10);
    await Promise.all([pool.close(), pool.close()]);
    expect((await outcome).map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(running[0]).rejects.toMatchObject({ code: 'aborted' });
    await expect(pool.run(await slots.acquire(), slots.memory, 9)).rejects.toMatchObject({ code: 'aborted' });
  });

  it('ends a thread that hangs after a while', async () => {
    const { pool, slots } = await start({ takesMs: 1e9 }, { closeGraceMs: 50 });
    const running = pool.run(await frame(slots, 1), slots.memory, 0);
    running.catch(() => undefined);
    await delay(10);
    const startedAt = Date.now();
    await pool.close();
    expect(Date.now() - startedAt).toBeLessThan(5000);
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  it('closes in the middle of a network’s work without harm', async () => {
    // Large enough that the network is at it for a hundred milliseconds on any machine.
    const geometry = { width: 1280, height: 800, format: 'rgb8' } as const;
    const pool = await WorkerPool.start({ session: { model: ownModel([]), geometry, threads: 1 } });
    const slots = new FrameSlots({ count: 2, inputGeometry: geometry, outputGeometry: pool.outputGeometry });
    const slot = await frame(slots, 9);
    await pool.run(slot, slots.memory, 0);
    expect(new Set(slot.output).size).toBeGreaterThan(1);
    const running = pool.run(slot, slots.memory, 1);
    running.catch(() => undefined);
    await delay(5);
    await pool.close();
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is not started once the signal has aborted', async () => {
    await expect(start({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});
