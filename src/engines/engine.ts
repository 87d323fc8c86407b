import type { FrameGeometry } from '../media/frames.js';
import type { ModelHints } from './model-hints.js';
import type { Tensor } from './tensor.js';

/** The inference engines vidstyle knows. */
export type EngineName = 'onnxruntime' | 'openvino' | 'tfjs';

/** What a session is opened for; all of it is known before the first frame, so engines may specialise on it. */
export interface SessionOptions {
  /** An ONNX file's bytes, or its path. */
  readonly model: Uint8Array | string;
  /**
   * `cpu` (default); ONNX Runtime also knows `cuda`, `tensorrt`, `directml`, `coreml`, `webgpu`, OpenVINO `gpu` and `npu`. A
   * number after a colon picks a card: `cuda:1`.
   */
  readonly device?: string;
  /**
   * `bf16`: in short floats where the device has them, about twice as fast and a little less exact; `auto` (default): so
   * where the difference on a test card stays below a bound. Engines without short floats calculate in float32.
   */
  readonly precision?: 'auto' | 'f32' | 'bf16';
  /** Where the engine's own library lies (OpenVINO's), a file or a folder; default: it is looked for. */
  readonly library?: string;
  /** Threads of one session; default: every core. */
  readonly threads?: number;
  /** Size and sample format of the frames this session will see. */
  readonly geometry: FrameGeometry;
  /** Weights per style of a conditional network, sum 1; absent for single-style networks. */
  readonly style?: readonly number[];
  /** Inputs of a third-party model besides the picture that stay the same for every frame, such as a style vector. */
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** Asked between the tiles of a frame: a true answer ends it with 'aborted'. */
  readonly stopped?: () => boolean;
  /** What the caller knows about a third-party model; what is absent is found out. */
  readonly hints?: ModelHints;
}

/** One loaded network. Not re-entrant: one frame at a time. */
export interface EngineSession {
  /** The size of results: the frames' own, times the scale of an upscaling network. */
  readonly outputGeometry: FrameGeometry;
  /** For logs and reports, such as `onnxruntime cpu, 2 threads`. */
  readonly description: string;
  /** What the user should know: a device that was not there, a model run in tiles. May grow while frames run. */
  readonly notices?: readonly string[];
  /** The result is grey: only its brightness is the network's, the colours are for the caller to keep. */
  readonly isLuma?: boolean;
  /** Packed RGB in and out, as {@link SessionOptions.geometry} and {@link outputGeometry} say. */
  run(input: Uint8Array, output: Uint8Array): Promise<void>;
  /** Takes effect at the next run. @throws VidstyleError 'usage' when the network has another number of styles. */
  setStyle(weights: readonly number[]): void;
  /** Frees the network; idempotent. */
  close(): Promise<void>;
}

/** A way of running networks; one file of this folder each. */
export interface Engine {
  readonly name: EngineName;
  /** @throws VidstyleError 'model' for a file that is no image-to-image network, 'engine' when it cannot be run. */
  open(options: SessionOptions): Promise<EngineSession>;
}
