import { open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { comparedEngines } from '../compared-engines.js';
import type { EngineName } from '../../engines/engine.js';
import { engineModule, loadEngine } from '../../engines/registry.js';
import { presetsFolder } from '../../paths.js';
import { trainingPlace } from '../../setup/training.js';
import { readFrames } from './frames.js';
import type { Peer, PeerCost } from './peer.js';
import type { UpscalerJsOrder } from './upscalerjs-child.js';
import { timeJobs, timeOwnJobs } from './whole-jobs.js';

/** Everything that enlarges, vidstyle first. */
export async function srPeers(): Promise<Peer[]> {
  const engines = await comparedEngines();
  return [...engines.map(vidstyle), lanczos, ...upscalerModels.map(upscalerJs)];
}

const vidstyle = (engine: EngineName): Peer => ({
  name: `vidstyle, ${engine}`,
  measure: async (work) => {
    const { scale, threads } = work;
    const output = join(work.folder, `vidstyle-x${scale}-${engine}.mp4`);
    const options = { scale, output, overwrite: true, engine, threads };
    const jobs = await timeOwnJobs({ kind: 'upscale', input: work.clip, options }, work);
    const loaded = await loadEngine(engineModule(engine));
    const model = join(presetsFolder, `upscale-x${scale}.onnx`);
    const geometry = { width: work.width, height: work.height, format: 'rgb8' } as const;
    const session = await loaded.open({ model, geometry, ...(threads !== undefined && { threads }) });
    const enlarged = join(work.folder, `vidstyle-${engine}.rgb`);
    const file = await open(enlarged, 'w');
    const forwardMs: number[] = [];
    try {
      const result = new Uint8Array(work.width * work.height * 3 * scale ** 2);
      for (const [i, { data }] of (await readFrames(work.frames, work)).entries()) {
        if (i === 0) await session.run(data, result); // the first run allocates
        const startedMs = performance.now();
        await session.run(data, result);
        forwardMs.push(performance.now() - startedMs);
        await file.write(result);
      }
    } finally {
      await session.close();
      await file.close();
    }
    return { ...jobs, forwardMs, enlarged };
  },
});

/** FFmpeg's own scaling, from the program that PyPI's imageio-ffmpeg brings. */
const lanczos: Peer = {
  name: 'FFmpeg, lanczos',
  measure: async (work, scratch) => {
    const { clip, scale, folder } = work;
    const packages = await scratch.pip('ffmpeg', ['imageio-ffmpeg']);
    const find = 'import json, imageio_ffmpeg; print(json.dumps(imageio_ffmpeg.get_ffmpeg_exe()))';
    const ffmpeg = await scratch.run<string>('python3', ['-c', find], { PYTHONPATH: packages });
    const filter = `scale=iw*${scale}:ih*${scale}:flags=lanczos+accurate_rnd+full_chroma_int`;
    const enlarged = join(folder, 'lanczos.rgb');
    const input = ['-v', 'error', '-y', '-i', clip, '-vf', filter];
    const unpacked = [ffmpeg, ...input, '-f', 'rawvideo', '-pix_fmt', 'rgb24', enlarged];
    await timeJobs(unpacked, { ...work, jobRounds: 1 }, scratch);
    const encode = ['-c:v', 'libx264', '-preset', 'faster', '-crf', '18', join(folder, 'lanczos.mp4')];
    return { ...(await timeJobs([ffmpeg, ...input, ...encode], work, scratch)), enlarged };
  },
};

/** Its three models, with the factor that each enlarges by. */
const upscalerModels = [
  { name: 'UpscalerJS, default model (only doubles)', model: '@upscalerjs/default-model', factor: 2 },
  { name: 'UpscalerJS, esrgan-slim', model: '@upscalerjs/esrgan-slim/4x', factor: 4 },
  { name: 'UpscalerJS, esrgan-medium', model: '@upscalerjs/esrgan-medium/4x', factor: 4 },
];

const upscalerJs = ({ name, model, factor }: (typeof upscalerModels)[number]): Peer => ({
  name,
  measure: async ({ frames, width, height, count, scale, folder: results }, scratch) => {
    const folder = await scratch.npm('upscalerjs', ['upscaler@1.0.0', '@upscalerjs/default-model@1.0.0', '@upscalerjs/esrgan-slim@1.0.0', '@upscalerjs/esrgan-medium@1.0.0', '@tensorflow/tfjs@4.22.0']); // prettier-ignore
    const { packageFolder } = trainingPlace();
    // It runs on the TensorFlow that training has, which npm alone cannot bring everywhere.
    await symlink(packageFolder, join(folder, 'node_modules', '@tensorflow', 'tfjs-node')).catch(
      () => undefined,
    );
    const output = join(results, `${model.replaceAll('/', '-')}.rgb`);
    const order: UpscalerJsOrder = {
      folder,
      model,
      frames,
      width,
      height,
      count,
      output,
    };
    const child = fileURLToPath(new URL('upscalerjs-child.js', import.meta.url));
    const cost = await scratch.run<PeerCost>(process.execPath, [child, JSON.stringify(order)]);
    return factor === scale ? { ...cost, enlarged: output } : cost;
  },
});
