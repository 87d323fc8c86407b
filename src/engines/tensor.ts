/** Element types of the tensors that pictures go through. `float16` is held as its bits. */
export type ElementType = 'float32' | 'float16' | 'uint8' | 'uint16';

/** Arrays that hold an {@link ElementType}. */
export type TensorData = Float32Array | Uint16Array | Uint8Array;

/** A tensor's numbers in row-major order. */
export interface Tensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a session is opened with: everything is known, so that the engine compiles for exactly that. */
export interface TensorRequest {
  readonly model: Uint8Array;
  /** Sizes for the graph's named free dimensions. */
  readonly freeDimensions: Readonly<Record<string, number>>;
  /** Every input. The session reads their `data` anew at each run: write the next picture there. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: string;
  /** Shape and type of the output where known; the engine may then write into memory that it keeps. */
  readonly outputLike?: Pick<Tensor, 'type' | 'shape'>;
  readonly device: string | undefined;
  readonly threads: number | undefined;
}

/** A compiled graph with its inputs bound. */
export interface TensorSession {
  readonly description: string;
  readonly notices: readonly string[];
  /** Runs the graph on what the inputs hold now. The result is good until the next run. */
  run(): Promise<Tensor>;
  close(): Promise<void>;
}

/** The part of an engine that knows its package; {@link import('./image-session.js')} makes pictures of it. */
export interface TensorBackend {
  /** @throws VidstyleError 'engine'; running throws 'memory' where memory was refused. */
  open(request: TensorRequest): Promise<TensorSession>;
}

const constructors = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array, uint16: Uint16Array };

/** A tensor of zeros. */
export function createTensor(type: ElementType, shape: readonly number[]): Tensor {
  return { type, shape, data: new constructors[type](elementCount(shape)) };
}

/** How many numbers a shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
