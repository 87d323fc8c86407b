import type { EngineName } from '../engines/engine.js';
import { agreementDecibels, pictureLikeness } from '../engines/picture-difference.js';
import { samplesOf, type Samples } from '../engines/pixels.js';
import { isVidstyleError } from '../errors.js';
import { FrameSlots, Owner } from '../workers/frame-slots.js';
import { WorkerPool, type PoolOptions } from '../workers/pool.js';

/** The pool of the engine that was fastest. */
export interface FastestPool<E = EngineName> {
  readonly pool: WorkerPool;
  readonly engine: E;
}

/** An engine that is not done with as many frames after this time is judged by what it did. */
const trialMs = 1000;
const mostFrames = 20;

interface Trial<E> extends FastestPool<E> {
  readonly msPerFrame: number;
  /** What became of the first frame. */
  readonly picture: Samples;
  /** Tells what the engine had to say, and from now on what it says. */
  readonly announce: (to: (notice: string) => void) => void;
}

/**
 * Runs frames through each engine in turn and keeps the pool of the fastest one; engines that fail, or whose picture is
 * not like that of the first one that worked (by {@link agreementDecibels}), are out.
 *
 * @param candidates the one whose results count first
 * @param frames packed RGB as the session's geometry says, at least one
 * @throws VidstyleError the first engine's, where all fail
 */
export async function startFastest<E extends EngineName | URL>(
  options: PoolOptions,
  candidates: readonly E[],
  frames: readonly Uint8Array[],
): Promise<FastestPool<E>> {
  const failures: unknown[] = [];
  let reference: Samples | undefined;
  let best: Trial<E> | undefined;
  try {
    for (const engine of candidates) {
      const trial = await tryEngine(engine, options, frames).catch((error: unknown) => {
        if (isVidstyleError(error) && error.code === 'aborted') throw error;
        failures.push(error);
        return undefined;
      });
      if (!trial) continue;
      reference ??= trial.picture;
      const agrees = pictureLikeness(trial.picture, reference) >= agreementDecibels;
      const isBetter = agrees && (!best || trial.msPerFrame < best.msPerFrame);
      await (isBetter ? best : trial)?.pool.close();
      if (isBetter) best = trial;
    }
  } catch (error) {
    await best?.pool.close();
    throw error;
  }
  if (!best) throw failures[0];
  best.announce(options.onNotice ?? (() => undefined));
  return { pool: best.pool, engine: best.engine };
}

async function tryEngine<E extends EngineName | URL>(
  engine: E,
  options: PoolOptions,
  frames: readonly Uint8Array[],
): Promise<Trial<E>> {
  // What losers have to say is not the user's concern.
  const notices: string[] = [];
  let tell = (notice: string): void => void notices.push(notice);
  const announce: Trial<E>['announce'] = (to) => {
    tell = to;
    for (const notice of notices) to(notice);
  };
  const onNotice = (notice: string): void => {
    tell(notice);
  };
  const pool = await WorkerPool.start({ ...options, engine, onNotice });
  try {
    const slots = new FrameSlots({
      count: pool.workers,
      inputGeometry: options.session.geometry,
      outputGeometry: pool.outputGeometry,
    });
    // The first frame of each worker also warms up what runs only once.
    const first = Array.from({ length: pool.workers }, () => runFrame(pool, slots, frames, 0));
    const [picture = new Uint8Array()] = await Promise.all(first);
    const samples = samplesOf(picture, options.session.geometry.format);
    return { pool, engine, announce, picture: samples, msPerFrame: await pace(pool, slots, frames) };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Milliseconds a frame with every worker at work. */
async function pace(pool: WorkerPool, slots: FrameSlots, frames: readonly Uint8Array[]): Promise<number> {
  const started = performance.now();
  let done = 0;
  const work = async (): Promise<void> => {
    do {
      await runFrame(pool, slots, frames, done);
      done += 1;
    } while (done < mostFrames && performance.now() - started < trialMs);
  };
  await Promise.all(Array.from({ length: pool.workers }, work));
  return (performance.now() - started) / done;
}

async function runFrame(
  pool: WorkerPool,
  slots: FrameSlots,
  frames: readonly Uint8Array[],
  index: number,
): Promise<Uint8Array> {
  const slot = await slots.acquire();
  slot.input.set(frames[index % frames.length] ?? []);
  slots.pass(slot, Owner.source, Owner.worker);
  try {
    await pool.run(slot, slots.memory, index);
    return slot.output.slice();
  } finally {
    slots.release(slot, Owner.worker);
  }
}
