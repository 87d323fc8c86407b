import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { runPipeline } from '../../src/pipeline/run.js';
import { TraceRecorder } from '../../src/pipeline/trace.js';
import type { FrameTimings } from '../../src/workers/messages.js';
import { WorkerPool, type FrameProcessor } from '../../src/workers/pool.js';
import type { Slot } from '../../src/workers/frame-slots.js';
import { fakeEngineUrl, fakeModel, type FakeBehaviour } from '../fixtures/fake-engine.js';
import { FakeSink, FakeSource, smallGeometry } from '../fixtures/fake-media.js';

/** A pool without threads: inverts after a delay. */
class FakePool implements FrameProcessor {
  readonly outputGeometry = smallGeometry;
  readonly workers = 2;
  running = 0;
  closed = 0;

  constructor(readonly frameMs: (index: number) => number = () => 0) {}

  async run(slot: Slot, _memory: unknown, index: number): Promise<FrameTimings> {
    const startedAtMs = performance.timeOrigin + performance.now();
    this.running += 1;
    await delay(this.frameMs(index));
    slot.output.set(slot.input.map((sample) => 255 - sample));
    this.running -= 1;
    return { startedAtMs, networkMs: this.frameMs(index), composeMs: 0, thread: 1 };
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

function startPool(behaviour: FakeBehaviour, workers = 2): Promise<WorkerPool> {
  const session = { model: fakeModel(behaviour), geometry: smallGeometry };
  return WorkerPool.start({ engine: fakeEngineUrl, session, workers });
}

function portsAndWorkers(): number {
  return process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker/.test(name)).length;
}

describe('runPipeline', () => {
  it('sends every frame through the pool into the sink, with its timestamp', async () => {
    const [source, pool, sink] = [new FakeSource(30), new FakePool(), new FakeSink()];
    await lastValueFrom(runPipeline({ source, pool, sink }));
    expect(sink.frames.map((frame) => frame.index)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(sink.frames.every(({ index, ptsTicks }) => ptsTicks === BigInt(index * 512))).toBe(true);
    expect(sink.frames.every(({ index, pixels }) => pixels.every((sample) => sample === 255 - index))).toBe(
      true,
    );
    expect([sink.state, source.ended, source.closed, pool.closed]).toEqual(['finished', true, 1, 1]);
  });

  it('keeps the order when workers take random times', async () => {
    const sink = new FakeSink();
    const pool = await startPool({ upToMs: 8 }, 3);
    await lastValueFrom(runPipeline({ source: new FakeSource(60), pool, sink }));
    expect(sink.frames.map((frame) => frame.pixels[0])).toEqual(
      Array.from({ length: 60 }, (_, index) => 255 - index),
    );
  });

  it('never has more frames in flight than slots, however slow the sink', async () => {
    let most = 0;
    const source = new FakeSource(40);
    const sink = new FakeSink({
      onWrite: async (index) => {
        await delay(index === 0 ? 50 : 1);
        most = Math.max(most, source.pulled - sink.frames.length);
      },
    });
    await lastValueFrom(runPipeline({ source, pool: new FakePool(), sink, slots: 5 }));
    expect(sink.frames.length).toBe(40);
    expect(most).toBe(5);
  });

  it('pulls no further frame while the sink stalls', async () => {
    const source = new FakeSource(200);
    const controller = new AbortController();
    const sink = new FakeSink({ onWrite: () => new Promise(() => undefined) });
    const options = { source, pool: new FakePool(), sink, slots: 3, signal: controller.signal, graceMs: 50 };
    const outcome = expect(lastValueFrom(runPipeline(options))).rejects.toMatchObject({ code: 'aborted' });
    await delay(100);
    expect(source.pulled).toBe(3);
    controller.abort();
    await outcome;
    expect([sink.state, source.ended, source.closed]).toEqual(['aborted', true, 1]);
  });

  it('decodes, runs the network and writes different frames at the same time', async () => {
    const trace = new TraceRecorder();
    const sink = new FakeSink({ onWrite: () => delay(10) });
    const source = new FakeSource(20, { frameMs: 10 });
    await lastValueFrom(runPipeline({ source, pool: new FakePool(() => 10), sink, trace }));
    const overlaps = trace.records.filter(
      ({ stage, startMs, frame }) =>
        stage === 'network' &&
        trace.records.some(
          (r) => r.stage === 'decode' && r.frame > frame && Math.abs(r.startMs - startMs) < 8,
        ) &&
        trace.records.some(
          (r) => r.stage === 'write' && r.frame < frame && Math.abs(r.startMs - startMs) < 8,
        ),
    );
    expect(overlaps.length).toBeGreaterThan(10);
  });

  it('reports progress after every frame', async () => {
    const pipeline = runPipeline({
      source: new FakeSource(10),
      pool: new FakePool(() => 2),
      sink: new FakeSink(),
    });
    const progress = await lastValueFrom(pipeline.pipe(toArray()));
    expect(progress.map((p) => p.framesDone)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(progress[4]).toMatchObject({ framesTotal: 10, percent: 50 });
    expect(progress[9]).toMatchObject({ percent: 100, etaMs: 0 });
    expect(progress[9]?.stageMs.network).toBeCloseTo(2, 5);
    expect(progress[9]?.fps).toBeGreaterThan(0);
  });

  it('finishes an empty input with an empty output', async () => {
    const sink = new FakeSink();
    await lastValueFrom(runPipeline({ source: new FakeSource(0), pool: new FakePool(), sink }), {
      defaultValue: 0,
    });
    expect(sink.state).toBe('finished');
  });

  it('leaves nothing open after an abort in the middle', async () => {
    const before = portsAndWorkers();
    const controller = new AbortController();
    const source = new FakeSource(1000);
    const pool = await startPool({ upToMs: 5 });
    const sink = new FakeSink();
    const run = lastValueFrom(runPipeline({ source, pool, sink, signal: controller.signal }));
    setTimeout(() => controller.abort(), 100);
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(source.pulled).toBeLessThan(1000);
    expect([sink.state, sink.writing, source.ended, source.closed]).toEqual(['aborted', 0, true, 1]);
    // A closed port leaves Node's list a moment later.
    for (let wait = 0; wait < 100 && portsAndWorkers() > before; wait += 1) await delay(10);
    expect(portsAndWorkers()).toBeLessThanOrEqual(before);
  });

  it('does not start when the signal has aborted already', async () => {
    const [source, pool, sink] = [new FakeSource(10), new FakePool(), new FakeSink()];
    const run = lastValueFrom(runPipeline({ source, pool, sink, signal: AbortSignal.abort() }));
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect([source.pulled, sink.state, pool.closed, source.closed]).toEqual([0, 'aborted', 1, 1]);
  });

  it('stops a source that hangs', async () => {
    const controller = new AbortController();
    const source = new FakeSource(10, { hangAt: 4 });
    const sink = new FakeSink();
    const run = lastValueFrom(runPipeline({ source, pool: new FakePool(), sink, signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect([source.ended, source.closed, sink.state]).toEqual([true, 1, 'aborted']);
  });

  it('closes everything when whoever subscribed goes away', async () => {
    const [source, pool, sink] = [new FakeSource(1000), new FakePool(() => 1), new FakeSink()];
    const subscription = runPipeline({ source, pool, sink }).subscribe();
    await delay(30);
    subscription.unsubscribe();
    await delay(50);
    expect([sink.state, source.closed, pool.closed, pool.running]).toEqual(['aborted', 1, 1, 0]);
  });

  it('ends with the source’s error, after closing everything', async () => {
    const [source, pool, sink] = [new FakeSource(10, { failAt: 6 }), new FakePool(() => 3), new FakeSink()];
    await expect(lastValueFrom(runPipeline({ source, pool, sink }))).rejects.toMatchObject({
      code: 'input',
      message: 'Reading frame 6 failed: the file is damaged',
    });
    expect([sink.state, source.closed, pool.closed, pool.running]).toEqual(['aborted', 1, 1, 0]);
  });

  it('ends with the sink’s error, after closing everything', async () => {
    const [source, pool, sink] = [new FakeSource(100), new FakePool(() => 3), new FakeSink({ failAt: 6 })];
    await expect(lastValueFrom(runPipeline({ source, pool, sink }))).rejects.toMatchObject({
      code: 'output',
      message: 'Writing frame 6 failed: no space left on device',
    });
    expect([sink.frames.length, sink.state, source.ended, pool.closed]).toEqual([6, 'aborted', true, 1]);
  });

  it('ends at once with the sink’s error while the source waits for a frame', async () => {
    const [source, sink] = [new FakeSource(10, { hangAt: 4 }), new FakeSink({ failAt: 2 })];
    const startedAt = Date.now();
    const run = lastValueFrom(runPipeline({ source, pool: new FakePool(), sink, slots: 8 }));
    await expect(run).rejects.toMatchObject({ code: 'output' });
    expect(Date.now() - startedAt).toBeLessThan(2000);
    expect([source.ended, source.closed, sink.state]).toEqual([true, 1, 'aborted']);
  });

  it('does a dead worker’s frame again', async () => {
    const onceFile = join(mkdtempSync(join(tmpdir(), 'vidstyle-run-')), 'died');
    const sink = new FakeSink();
    const pool = await startPool({ upToMs: 3, dieAt: 7, onceFile });
    await lastValueFrom(runPipeline({ source: new FakeSource(20), pool, sink }));
    expect(sink.frames.map((frame) => frame.pixels[0])).toEqual(
      Array.from({ length: 20 }, (_, index) => 255 - index),
    );
  });

  it('ends with the frame’s number when a worker dies on it twice', async () => {
    const [source, sink] = [new FakeSource(20), new FakeSink()];
    const pool = await startPool({ dieAt: 7 });
    await expect(lastValueFrom(runPipeline({ source, pool, sink }))).rejects.toMatchObject({
      code: 'worker',
      details: { frame: 7 },
    });
    expect([sink.state, source.closed]).toEqual(['aborted', 1]);
  });

  it('leaves the pool open for the next run when asked to and all went well', async () => {
    const pool = new FakePool();
    await lastValueFrom(
      runPipeline({ source: new FakeSource(3), pool, sink: new FakeSink(), keepPool: true }),
    );
    expect(pool.closed).toBe(0);
    const failing = runPipeline({
      source: new FakeSource(3),
      pool,
      sink: new FakeSink({ failAt: 1 }),
      keepPool: true,
    });
    await expect(lastValueFrom(failing)).rejects.toThrow();
    expect(pool.closed).toBe(1);
  });

  it('shows the result only where the mask says so', async () => {
    const sink = new FakeSink();
    const mask = { fill: (_frame: unknown, into: Uint8Array) => void into.fill(0).fill(255, 0, 1) };
    await lastValueFrom(runPipeline({ source: new FakeSource(3), pool: await startPool({}), sink, mask }));
    expect(sink.frames.map(({ pixels }) => [pixels[0], pixels[3]])).toEqual([
      [255, 0],
      [254, 1],
      [253, 2],
    ]);
  });

  it('writes a trace that names stage, frame and thread', async () => {
    const trace = new TraceRecorder();
    const path = join(mkdtempSync(join(tmpdir(), 'vidstyle-trace-')), 'trace.json');
    await lastValueFrom(
      runPipeline({ source: new FakeSource(3), pool: new FakePool(), sink: new FakeSink(), trace }),
    );
    await trace.write(path);
    const { traceEvents } = JSON.parse(readFileSync(path, 'utf8')) as {
      traceEvents: { name: string; ph: string; ts?: number; args: { frame?: number } }[];
    };
    const stages = traceEvents
      .filter((event) => event.ph === 'X' && event.args.frame === 1)
      .map((event) => event.name);
    expect(stages.sort()).toEqual(['compose', 'decode', 'network', 'toRgb', 'write']);
    expect(traceEvents.every((event) => event.ph === 'M' || (event.ts ?? -1) >= 0)).toBe(true);
  });
});
