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
  /** Which of the inputs is the picture. */
  readonly image: string;
  readonly output: string;
  readonly outputType: ElementType;
  /** Where known, the engine may write into memory that it keeps. */
  readonly outputShape?: readonly number[];
  readonly device: string | undefined;
  readonly threads: number | undefined;
}

/** A compiled graph with its inputs bound. */
export interface TensorSession {
  readonly description: string;
  readonly notices: readonly string[];
  /** Runs the graph on what the inputs hold now. The result is good until the next run. */
  run(): Promise<Tensor>;
  /**
   * The same with the picture read from and the result written to arrays of the tensors' types and sizes, without a copy;
   * absent where the engine has no access to shared memory. Only where the shape of the output was known.
   */
  runOn?(image: TensorData, result: TensorData): Promise<void>;
  close(): Promise<void>;
}

/** The part of an engine that knows its package; {@link import('./image-session.js')} makes pictures of it. */
export interface TensorBackend {
  /** @throws VidstyleError 'engine'; running throws 'memory' where memory was refused. */
  open(request: TensorRequest): Promise<TensorSession>;
  /** It takes a network's parameters out of our models and builds it itself: they must be legible, as they were trained. */
  readonly readsParameters?: boolean;
}

const constructors = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array, uint16: Uint16Array };

/** A tensor of zeros. */
export function createTensor(type: ElementType, shape: readonly number[]): Tensor {
  return { type, shape, data: new constructors[type](elementCount(shape)) };
}

/** An array over bytes that hold elements of this type. */
export function tensorArray(type: ElementType, bytes: ArrayBuffer): TensorData {
  return new constructors[type](bytes);
}

/** How many numbers a shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
