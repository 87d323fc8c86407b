/**
 * What the pipeline costs, on your clip:
 *
 * - FFmpeg alone: decode and encode, nothing between; against the whole pipeline with a network that does nothing;
 * - the bare engine on a frame in memory; against the whole pipeline with a real preset;
 * - the conversion to RGB and back, by the trace of that; against the network.
 *
 * The four take turns, so that a drifting clock or a busy machine touches all alike; medians over the rounds.
 *
 *     node build/bench/pipeline.js clip.mp4 [preset.onnx] [rounds] [workers] [engine]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decoder, Demuxer, Encoder, Muxer, pipeline } from 'node-av/api';
import { lastValueFrom } from 'rxjs';
import type { EngineName } from '../src/engines/engine.js';
import { engineModule, loadEngine } from '../src/engines/registry.js';
import { createVideoSink, frameBytes, openVideo } from '../src/media/index.js';
import { readMetadata } from '../src/nets/metadata.js';
import { GraphBuilder } from '../src/nets/onnx-graph.js';
import { elementType, encodeModel, valueInfo } from '../src/nets/onnx-schema.js';
import { presetsFolder } from '../src/paths.js';
import { runPipeline } from '../src/pipeline/run.js';
import { TraceRecorder } from '../src/pipeline/trace.js';
import { WorkerPool } from '../src/workers/pool.js';
import { median, spread } from '../src/evaluate/spread.js';

const [clip, preset = join(presetsFolder, 'fast.onnx'), rounds = '3', workers = '1', name = 'onnxruntime'] =
  process.argv.slice(2);
if (clip === undefined)
  throw new Error('usage: node build/bench/pipeline.js clip.mp4 [preset.onnx] [rounds] [workers] [engine]');
const engine = await loadEngine(engineModule(name as EngineName));
const folder = await mkdtemp(join(tmpdir(), 'vidstyle-bench-'));
const output = join(folder, 'out.mp4');
const encoding = { crf: 18, preset: 'faster' };

interface Run {
  readonly fps: number;
  /** Processor time of all threads, milliseconds a frame. */
  readonly processor: number;
}

const results = new Map<string, Run[]>();
const conversions: number[] = [];
try {
  const model = await readFile(preset);
  for (let round = 0; round < Number(rounds); round += 1) {
    record('FFmpeg alone', await transcode(clip));
    record('pipeline, identity', await restyle(clip, identityModel()));
    record('bare engine', await infer(clip, model));
    const trace = new TraceRecorder();
    record('pipeline, preset', await restyle(clip, model, 3, trace));
    conversions.push(conversionShare(trace));
  }
} finally {
  await rm(folder, { recursive: true });
}
report();

/** Runs something that tells how many frames it did. */
async function clocked(work: () => Promise<number>): Promise<Run> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  const frames = await work();
  const { user, system } = process.cpuUsage(before);
  return {
    fps: (1000 * frames) / (performance.now() - startedAt),
    processor: (user + system) / 1000 / frames,
  };
}

async function transcode(path: string): Promise<Run> {
  await using source = await Demuxer.open(path);
  const stream = source.video();
  if (!stream) throw new Error('the clip has no video');
  using decoder = await Decoder.create(stream, { options: { threads: 'auto' } });
  const options = { crf: String(encoding.crf), preset: encoding.preset };
  using encoder = await Encoder.create('libx264' as never, { decoder, options });
  await using target = await Muxer.open(output);
  return await clocked(async () => {
    const control = pipeline(source, decoder, encoder, target);
    await control.completion;
    return control.progress.frames;
  });
}

async function restyle(
  path: string,
  model: Uint8Array,
  duration?: number,
  trace = new TraceRecorder(),
): Promise<Run> {
  const source = await openVideo(path, { duration });
  const session = { model, geometry: source.geometry, ...styleOf(model) };
  const pool = await WorkerPool.start({ session, engine: name as EngineName, workers: Number(workers) });
  const sink = await createVideoSink(output, source, { ...encoding, copyStreams: false });
  return clocked(async () => (await lastValueFrom(runPipeline({ source, pool, sink, trace }))).framesDone);
}

async function infer(path: string, model: Uint8Array): Promise<Run> {
  const source = await openVideo(path);
  const { geometry } = source;
  await source.close();
  const session = await engine.open({ model, geometry, threads: availableParallelism(), ...styleOf(model) });
  const input = new Uint8Array(frameBytes(geometry)).fill(100);
  const result = new Uint8Array(frameBytes(session.outputGeometry));
  await session.run(input, result);
  const run = await clocked(async () => {
    const frames = 20;
    for (let frame = 0; frame < frames; frame += 1) await session.run(input, result);
    return frames;
  });
  await session.close();
  return run;
}

/** The first style of a preset that has several. */
function styleOf(model: Uint8Array): { style?: number[] } {
  const styles = readMetadata(model)?.styles ?? [];
  return styles.length > 0 ? { style: styles.map((_, i) => (i === 0 ? 1 : 0)) } : {};
}

function identityModel(): Uint8Array {
  const graph = new GraphBuilder();
  graph.op('Identity', ['image'], {}, 'result');
  const picture = (name: string) => valueInfo(name, elementType.uint8, [1, 'height', 'width', 3]);
  return encodeModel(graph.model('identity', { input: [picture('image')], output: [picture('result')] }));
}

/** How much of a frame's time in conversions and network the conversions take. */
function conversionShare({ records }: TraceRecorder): number {
  const ms = (wanted: string): number =>
    median(records.filter(({ stage }) => stage === wanted).map(({ durationMs }) => durationMs));
  const conversion = ms('toRgb') + ms('fromRgb');
  return conversion / (conversion + ms('network'));
}

function record(name: string, run: Run): void {
  results.set(name, [...(results.get(name) ?? []), run]);
}

function report(): void {
  const fps = (name: string): number[] => (results.get(name) ?? []).map((run) => run.fps);
  for (const [name, runs] of results) {
    const processor = spread(runs.map((run) => run.processor));
    console.log(
      `${name.padEnd(20)} ${spread(fps(name))} frames per second, ${processor} ms of processor a frame`,
    );
  }
  const share = (a: string, b: string): string => (median(fps(a)) / median(fps(b))).toFixed(2);
  console.log(`pipeline ÷ FFmpeg alone  ${share('pipeline, identity', 'FFmpeg alone')} (goal 0.8)`);
  console.log(`pipeline ÷ bare engine   ${share('pipeline, preset', 'bare engine')} (goal 0.9)`);
  console.log(`conversion ÷ it and network ${spread(conversions, 3)}`);
  console.log(`largest memory           ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`);
}
