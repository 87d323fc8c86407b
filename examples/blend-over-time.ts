/**
 * Turns one style into another while the video runs: a pool's weights can be changed between frames.
 *
 *     node build/examples/blend-over-time.js clip.mp4 out.mp4 mosaic wave
 */
import { lastValueFrom, tap } from 'rxjs';
import { chooseStyle, createVideoSink, openVideo, runPipeline, WorkerPool } from '../src/index.js';

const [input = 'try/clip.mp4', output = 'try/blend.mp4', first = 'mosaic', second = 'wave'] =
  process.argv.slice(2);

// Both names are of one network here: chooseStyle refuses a blend of styles of different networks.
const { model } = await chooseStyle(`${first},${second}`);
const [from = [], to = []] = await Promise.all(
  [first, second].map(async (name) => (await chooseStyle(name)).weights),
);

const source = await openVideo(input);
const pool = await WorkerPool.start({ session: { model, geometry: source.geometry, style: from } });
const sink = await createVideoSink(output, source);
const total = source.frameCountEstimate ?? 100;
const run = runPipeline({ source, pool, sink }).pipe(
  tap(({ framesDone }) => {
    const share = Math.min(1, framesDone / total);
    pool.setStyle(from.map((weight, i) => (1 - share) * weight + share * (to[i] ?? 0)));
  }),
);
const { framesDone } = await lastValueFrom(run);
console.log(`${output}: ${framesDone} frames from ${first} to ${second}`);
