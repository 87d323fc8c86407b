/**
 * Milliseconds a frame of candidate shapes for the fast family, untrained, at 640×360: median of `runs` after a
 * warm-up, all candidates in one process, in turn, so that a drifting clock touches all alike.
 *
 *     node build/bench/fast-shapes.js [threads] [runs]
 */
import { performance } from 'node:perf_hooks';
import ort from 'onnxruntime-node';
import { multiplyAdds, type Network } from '../src/nets/layers.js';
import { toOnnx } from '../src/nets/onnx.js';
import { fastStyleNet, paperStyleNet, type FastStyleOptions } from '../src/nets/style.js';
import { initialWeights } from '../src/nets/weights.js';
import { spread } from '../src/evaluate/spread.js';

const [threads = 2, runs = 7] = process.argv.slice(2).map(Number);
const [width, height] = [640, 360];
const styles = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'identity'];

const wide = { width: 16, depth: 64, blocks: 5, kernel: 3, ends: 'full', fullEnd: 0 } as const;
const fast = (options: Partial<FastStyleOptions>): Network => fastStyleNet({ ...wide, ...options, styles });
const candidates: readonly (readonly [string, Network])[] = [
  ['paper, 32 wide', paperStyleNet({ norm: 'instance', upsampling: 'nearest', output: 'linear' })],
  ['full ends 9×9, 16→64, 5 blocks', fast({ kernel: 9 })],
  ['full ends 3×3, 16→64, 5 blocks', fast({})],
  ['full ends 3×3, 16→64, 5 blocks, zero padding', fast({ padding: 'zero' })],
  ['full ends 5×5, 8→32, 4 blocks', fast({ width: 8, depth: 32, kernel: 5, blocks: 4 })],
  ['full ends 3×3, 8→32, 4 blocks', fast({ width: 8, depth: 32, blocks: 4 })],
  ['full ends 3×3, 8→48, 4 blocks', fast({ width: 8, depth: 48, blocks: 4 })],
  ['half ends 3×3, 16→32, 4 blocks', fast({ ends: 'half', depth: 32, blocks: 4 })],
  ['half ends 5×5, 16→32, 4 blocks', fast({ ends: 'half', depth: 32, blocks: 4, kernel: 5 })],
  [
    'half ends 5×5, 16→32, 4 blocks, zero padding',
    fast({ ends: 'half', depth: 32, blocks: 4, kernel: 5, padding: 'zero' }),
  ],
  ['half ends 5×5, 16→48, 4 blocks', fast({ ends: 'half', depth: 48, blocks: 4, kernel: 5 })],
  ['half ends 3×3, 16→32, 4 blocks, 8-channel end', fast({ ends: 'half', depth: 32, blocks: 4, fullEnd: 8 })],
  ['half ends 3×3, 16→40, 4 blocks, 8-channel end', fast({ ends: 'half', depth: 40, blocks: 4, fullEnd: 8 })],
  ['half ends 3×3, 16→48, 4 blocks, 8-channel end', fast({ ends: 'half', depth: 48, blocks: 4, fullEnd: 8 })],
  ['half ends 3×3, 16→48, 5 blocks', fast({ ends: 'half', depth: 48 })],
  ['half ends 3×3, 24→48, 5 blocks, 8-channel end', fast({ ends: 'half', width: 24, depth: 48, fullEnd: 8 })],
];

const image = new Uint8Array(width * height * 3).map((_, i) => (i * 2654435761) >>> 24);
const sessions = await Promise.all(
  candidates.map(async ([name, network]) => {
    const model = toOnnx(network, initialWeights(network, 1), {
      kind: 'style',
      name,
      version: 1,
      producer: 'bench',
      network: { family: 'bench', options: {} },
      styles: [...network.styles],
      scale: 1,
      minimumSize: 32,
      recipe: {},
      losses: {},
      licence: 'MIT',
    });
    const session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      freeDimensionOverrides: { height, width },
    });
    const feeds: Record<string, ort.Tensor> = {
      image: new ort.Tensor('uint8', image, [1, height, width, 3]),
    };
    const style = new Float32Array(styles.length).fill(1 / styles.length);
    if (network.styles.length > 0) feeds['style'] = new ort.Tensor('float32', style, [styles.length]);
    return { name, network, times: [] as number[], run: () => session.run(feeds) };
  }),
);

for (let round = 0; round <= runs; round++) {
  for (const { run, times } of sessions) {
    const start = performance.now();
    await run();
    if (round > 0) times.push(performance.now() - start);
  }
}

console.log(`${width}×${height}, ${threads} threads, median (min–max) of ${runs} runs`);
for (const { name, network, times } of sessions) {
  const gigaOps = (multiplyAdds(network) * width * height) / 1e9;
  console.log(`${name.padEnd(50)} ${spread(times)} ms  ${gigaOps.toFixed(2)} GMAC`);
}
