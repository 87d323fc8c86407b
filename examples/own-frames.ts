/**
 * Frames from anywhere to anywhere: a source that draws, a sink that counts. The network runs in worker threads, and
 * nothing is drawn ahead of what the sink has taken.
 *
 *     node build/examples/own-frames.js wave
 */
import { lastValueFrom } from 'rxjs';
import {
  chooseStyle,
  frameBytes,
  runPipeline,
  WorkerPool,
  type FrameGeometry,
  type FrameSink,
  type FrameSource,
} from '../src/index.js';

const geometry: FrameGeometry = { width: 160, height: 96, format: 'rgb8' };
const frameCount = 20;

/** A grey ramp that moves to the right. */
const source: FrameSource = {
  geometry,
  frameCountEstimate: frameCount,
  async *frames() {
    for (let index = 0; index < frameCount; index += 1) {
      await Promise.resolve();
      yield {
        index,
        ptsTicks: BigInt(index),
        durationTicks: 1n,
        read: (into) => {
          for (let i = 0; i < into.length; i += 1) into[i] = (Math.floor(i / 3) + 8 * index) % geometry.width;
        },
        close: () => undefined,
      };
    }
  },
  close: () => Promise.resolve(),
};

/** Says how bright each result is. */
const sink: FrameSink = {
  geometry,
  write: ({ index, pixels }) => {
    const sum = pixels.reduce((total, value) => total + value, 0);
    console.log(`frame ${index}: mean ${(sum / frameBytes(geometry)).toFixed(1)}`);
    return Promise.resolve();
  },
  finish: () => Promise.resolve(),
  abort: () => Promise.resolve(),
};

const { model, weights } = await chooseStyle(process.argv[2] ?? 'mosaic');
const pool = await WorkerPool.start({ session: { model, geometry, ...(weights && { style: weights }) } });
const { framesDone, fps } = await lastValueFrom(runPipeline({ source, pool, sink }));
console.log(`${framesDone} frames, ${fps.toFixed(1)} fps on ${pool.description}`);
