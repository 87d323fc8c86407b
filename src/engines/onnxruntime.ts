import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { messageOf, VidstyleError } from '../errors.js';
import { readMetadata } from '../nets/metadata.js';
import { frameBytes, type FrameGeometry } from '../media/frames.js';
import type { Engine, EngineSession, SessionOptions } from './engine.js';

/** ONNX Runtime through its Node binding. */
export const engine: Engine = { name: 'onnxruntime', open };

async function open(options: SessionOptions): Promise<EngineSession> {
  const bytes = typeof options.model === 'string' ? await readFile(options.model) : options.model;
  const { width, height } = options.geometry;
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    freeDimensionOverrides: { height, width },
  });
  return new OrtSession(session, options, readMetadata(bytes)?.scale ?? 1);
}

class OrtSession implements EngineSession {
  readonly outputGeometry: FrameGeometry;
  readonly description: string;
  readonly #session: ort.InferenceSession;
  readonly #image: Uint8Array;
  readonly #result: Uint8Array;
  readonly #feeds: Record<string, ort.Tensor>;
  readonly #fetches: Record<string, ort.Tensor>;

  constructor(session: ort.InferenceSession, options: SessionOptions, scale: number) {
    const { width, height } = options.geometry;
    this.#session = session;
    this.description = `onnxruntime cpu, ${options.threads ?? 'all'} threads`;
    this.outputGeometry = { ...options.geometry, width: width * scale, height: height * scale };
    // ONNX Runtime refuses tensors over shared memory, so frames are copied in and out.
    this.#image = new Uint8Array(frameBytes(options.geometry));
    this.#result = new Uint8Array(frameBytes(this.outputGeometry));
    this.#feeds = { image: new ort.Tensor('uint8', this.#image, [1, height, width, 3]) };
    this.#fetches = {
      result: new ort.Tensor('uint8', this.#result, [1, height * scale, width * scale, 3]),
    };
    if (options.style) this.setStyle(options.style);
  }

  async run(input: Uint8Array, output: Uint8Array): Promise<void> {
    this.#image.set(input);
    try {
      await this.#session.run(this.#feeds, this.#fetches);
    } catch (cause) {
      throw new VidstyleError('engine', `ONNX Runtime failed: ${messageOf(cause)}`, { cause });
    }
    output.set(this.#result);
  }

  setStyle(weights: readonly number[]): void {
    this.#feeds['style'] = new ort.Tensor('float32', Float32Array.from(weights), [weights.length]);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
