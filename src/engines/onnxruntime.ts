import * as ort from 'onnxruntime-node';
import { isVidstyleError, messageOf } from '../errors.js';
import { discard } from './discard.js';
import { engineFailure } from './engine-failure.js';
import type { Engine } from './engine.js';
import { deviceAttempts, tensorRtNotice, type DeviceAttempt } from './execution-providers.js';
import { openImageSession } from './image-session.js';
import {
  createTensor,
  type Tensor,
  type TensorBackend,
  type TensorRequest,
  type TensorSession,
} from './tensor.js';

// What goes wrong arrives as an error; its log would say it again, on the user's terminal.
ort.env.logLevel = 'fatal';

/** ONNX Runtime through its Node binding. */
export const engine: Engine = {
  name: 'onnxruntime',
  open: (options) => openImageSession(options, backend),
};

/** ONNX Runtime as a runner of tensors. */
export const backend: TensorBackend = { open };

/**
 * Runs any ONNX model once on the CPU.
 *
 * @returns its first output, or the one named `output`
 * @throws VidstyleError 'engine' when it cannot be loaded or run
 */
export async function runOnce(
  model: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
  output?: string,
): Promise<Tensor> {
  const session = await create(model, { executionProviders: ['cpu'] });
  try {
    return await runSession(session, toOrtTensors(inputs), output ?? session.outputNames[0] ?? '');
  } finally {
    await session.release();
  }
}

/** The devices that this build knows, by the names of {@link deviceNames}, and its version. */
export function describeOnnxRuntime(): { readonly version: string; readonly devices: readonly string[] } {
  const devices = ort.listSupportedBackends().map(({ name }) => (name === 'dml' ? 'directml' : name));
  return { version: ort.env.versions.common, devices };
}

/** Whether a device is there and opens a model, without falling back to another. */
export async function opensOn(device: string, model: Uint8Array): Promise<boolean> {
  const executionProviders = deviceAttempts(device)[0]?.providers ?? [];
  try {
    const session = await create(model, { executionProviders, logSeverityLevel: 4 });
    await session.release();
    return true;
  } catch {
    return false;
  }
}

async function open(request: TensorRequest): Promise<TensorSession> {
  const attempts = deviceAttempts(request.device);
  const notices: string[] = [];
  for (const [i, attempt] of attempts.entries()) {
    try {
      const session = await createOn(attempt, request);
      if (attempt.name.startsWith('tensorrt')) notices.push(tensorRtNotice);
      return new OrtSession(session, attempt.name, request, notices);
    } catch (error) {
      const next = attempts[i + 1];
      if (!next) throw error;
      notices.push(`The device ${attempt.name} cannot be used (${reasonOf(error)}); trying ${next.name}.`);
    }
  }
  throw new Error('there is no device to try');
}

async function createOn(attempt: DeviceAttempt, request: TensorRequest): Promise<ort.InferenceSession> {
  return create(request.model, {
    executionProviders: attempt.providers,
    freeDimensionOverrides: request.freeDimensions,
    ...(request.threads === undefined ? {} : { intraOpNumThreads: request.threads }),
    // It keeps a second copy of all memory after the first run (1080p, the fast family: 770 MB against 440) and saves
    // no time where sizes never change.
    enableMemPattern: false,
    // A thread that spins while it waits for the other takes the encoder's time.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Warnings of other people's exports (unused weights and the like) are not the user's concern.
    logSeverityLevel: 3,
  });
}

class OrtSession implements TensorSession {
  readonly description: string;
  readonly notices: readonly string[];
  readonly #session: ort.InferenceSession;
  readonly #feeds: Record<string, ort.Tensor>;
  readonly #output: string;
  // ONNX Runtime writes into a tensor that it is given, but returns a copy: this is where to read.
  readonly #kept: Tensor | undefined;
  readonly #fetches: Record<string, ort.Tensor> | undefined;

  constructor(
    session: ort.InferenceSession,
    device: string,
    request: TensorRequest,
    notices: readonly string[],
  ) {
    const { inputs, output, outputType, outputShape, threads } = request;
    this.#session = session;
    this.#feeds = toOrtTensors(inputs);
    this.#output = output;
    this.#kept = outputShape && createTensor(outputType, outputShape);
    this.#fetches = this.#kept && toOrtTensors({ [output]: this.#kept });
    this.notices = notices;
    const threadCount = threads === undefined ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
    this.description = `onnxruntime ${device}${device === 'cpu' ? threadCount : ''}`;
  }

  async run(): Promise<Tensor> {
    const result = await runSession(this.#session, this.#feeds, this.#output, this.#fetches);
    if (!this.#kept) return result;
    discard(result.data.buffer as ArrayBuffer);
    return this.#kept;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

async function create(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (cause) {
    throw engineFailure('ONNX Runtime cannot open the model', reasonOf(cause), cause);
  }
}

async function runSession(
  session: ort.InferenceSession,
  feeds: Record<string, ort.Tensor>,
  output: string,
  fetches?: Record<string, ort.Tensor>,
): Promise<Tensor> {
  try {
    const results = await session.run(feeds, fetches ?? [output]);
    const { type, dims, data } = results[output] ?? missing(output);
    return { type, shape: dims, data } as Tensor;
  } catch (cause) {
    throw engineFailure('ONNX Runtime failed', reasonOf(cause), cause);
  }
}

/** The tensors share the arrays: what is written there is what the next run reads. */
function toOrtTensors(tensors: Readonly<Record<string, Tensor>>): Record<string, ort.Tensor> {
  const entries = Object.entries(tensors);
  return Object.fromEntries(
    entries.map(([name, { type, data, shape }]) => [name, new ort.Tensor(type, data, shape)]),
  );
}

/** An error of ONNX Runtime without the places in its source that it begins with. */
function reasonOf(error: unknown): string {
  const [line = ''] = messageOf(isVidstyleError(error) ? error.cause : error).split('\n', 1);
  const withoutCode = line.replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '');
  return withoutCode.split(' was false. ').at(-1) ?? withoutCode;
}

function missing(output: string): never {
  throw new Error(`there is no output ${output}`);
}
