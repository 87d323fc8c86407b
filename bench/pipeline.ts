/**
 * What the pipeline costs, on your clip:
 *
 * - FFmpeg alone: decode and encode, nothing between; against the whole pipeline with a network that does nothing;
 * - the bare engine on a frame in memory; against the whole pipeline with a real preset.
 *
 * The four take turns, so that a drifting clock or a busy machine touches all alike; medians over the rounds.
 *
 *     node build/bench/pipeline.js clip.mp4 [preset.onnx] [rounds] [workers]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decoder, Demuxer, Encoder, Muxer, pipeline } from 'node-av/api';
import { lastValueFrom } from 'rxjs';
import { engine } from '../src/engines/onnxruntime.js';
import { createVideoSink, frameBytes, openVideo } from '../src/media/index.js';
import { readMetadata } from '../src/nets/metadata.js';
import { GraphBuilder } from '../src/nets/onnx-graph.js';
import { elementType, encodeModel } from '../src/nets/onnx-schema.js';
import { presetsFolder } from '../src/paths.js';
import { runPipeline } from '../src/pipeline/run.js';
import { WorkerPool } from '../src/workers/pool.js';
import { median, spread } from './spread.js';

const [clip, preset = join(presetsFolder, 'fast.onnx'), rounds = '3', workers = '1'] = process.argv.slice(2);
if (clip === undefined)
  throw new Error('usage: node build/bench/pipeline.js clip.mp4 [preset.onnx] [rounds] [workers]');
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-bench-'));
const output = join(folder, 'out.mp4');
const encoding = { crf: 18, preset: 'medium' };

const results = new Map<string, number[]>();
try {
  const model = await readFile(preset);
  for (let round = 0; round < Number(rounds); round += 1) {
    record('FFmpeg alone', await framesPerSecond(() => transcode(clip)));
    record('pipeline, identity', await framesPerSecond(() => restyle(clip, identityModel())));
    record('bare engine', await framesPerSecond(() => infer(clip, model)));
    record('pipeline, preset', await framesPerSecond(() => restyle(clip, model, 3)));
  }
} finally {
  await rm(folder, { recursive: true });
}
report();

/** Runs something that does a number of frames, warm-up apart. */
async function framesPerSecond(work: () => Promise<{ frames: number; seconds: number }>): Promise<number> {
  const { frames, seconds } = await work();
  return frames / seconds;
}

async function transcode(path: string): Promise<{ frames: number; seconds: number }> {
  await using source = await Demuxer.open(path);
  const stream = source.video();
  if (!stream) throw new Error('the clip has no video');
  using decoder = await Decoder.create(stream, { options: { threads: 'auto' } });
  const options = { crf: String(encoding.crf), preset: encoding.preset };
  using encoder = await Encoder.create('libx264' as never, { decoder, options });
  await using target = await Muxer.open(output);
  const startedAt = performance.now();
  const control = pipeline(source, decoder, encoder, target);
  await control.completion;
  return { frames: control.progress.frames, seconds: (performance.now() - startedAt) / 1000 };
}

async function restyle(
  path: string,
  model: Uint8Array,
  duration?: number,
): Promise<{ frames: number; seconds: number }> {
  const source = await openVideo(path, { duration });
  const session = { model, geometry: source.geometry, ...styleOf(model) };
  const pool = await WorkerPool.start({ session, workers: Number(workers) });
  const sink = await createVideoSink(output, source, { ...encoding, copyStreams: false });
  const startedAt = performance.now();
  const { framesDone } = await lastValueFrom(runPipeline({ source, pool, sink }));
  return { frames: framesDone, seconds: (performance.now() - startedAt) / 1000 };
}

async function infer(path: string, model: Uint8Array): Promise<{ frames: number; seconds: number }> {
  const source = await openVideo(path);
  const { geometry } = source;
  await source.close();
  const session = await engine.open({ model, geometry, threads: availableParallelism(), ...styleOf(model) });
  const input = new Uint8Array(frameBytes(geometry)).fill(100);
  const result = new Uint8Array(frameBytes(session.outputGeometry));
  await session.run(input, result);
  const frames = 20;
  const startedAt = performance.now();
  for (let frame = 0; frame < frames; frame += 1) await session.run(input, result);
  const seconds = (performance.now() - startedAt) / 1000;
  await session.close();
  return { frames, seconds };
}

/** The first style of a preset that has several. */
function styleOf(model: Uint8Array): { style?: number[] } {
  const styles = readMetadata(model)?.styles ?? [];
  return styles.length > 0 ? { style: styles.map((_, i) => (i === 0 ? 1 : 0)) } : {};
}

function identityModel(): Uint8Array {
  const graph = new GraphBuilder();
  graph.op('Identity', ['image'], {}, 'result');
  const dim = [{ dim_value: 1 }, { dim_param: 'height' }, { dim_param: 'width' }, { dim_value: 3 }];
  const picture = (name: string) => ({
    name,
    type: { tensor_type: { elem_type: elementType.uint8, shape: { dim } } },
  });
  return encodeModel({
    ir_version: 8,
    producer_name: 'bench',
    producer_version: '1',
    opset_import: [{ domain: '', version: 17 }],
    metadata_props: [],
    graph: {
      name: 'identity',
      node: graph.nodes,
      initializer: graph.initializers,
      input: [picture('image')],
      output: [picture('result')],
    },
  });
}

function record(name: string, fps: number): void {
  results.set(name, [...(results.get(name) ?? []), fps]);
}

function report(): void {
  const medianOf = (name: string): number => median(results.get(name) ?? []);
  for (const name of results.keys())
    console.log(`${name.padEnd(20)} ${spread(results.get(name) ?? [])} frames per second`);
  const share = (a: string, b: string): string => (medianOf(a) / medianOf(b)).toFixed(2);
  console.log(`pipeline ÷ FFmpeg alone  ${share('pipeline, identity', 'FFmpeg alone')} (goal 0.8)`);
  console.log(`pipeline ÷ bare engine   ${share('pipeline, preset', 'bare engine')} (goal 0.9)`);
  console.log(`largest memory           ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`);
}
