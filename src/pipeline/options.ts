import type { FrameSink, FrameSource, SourceFrame } from '../media/frames.js';
import type { FrameProcessor } from '../workers/pool.js';
import type { TraceRecorder } from './trace.js';

/** What to run. The pipeline owns all of it: when it ends, source, mask, pool and sink are closed. */
export interface PipelineOptions {
  readonly source: FrameSource;
  readonly pool: FrameProcessor;
  readonly sink: FrameSink;
  /** Where the result shows; default: everywhere. */
  readonly mask?: MaskSource;
  /** Leave the pool open for the next run, if all goes well; default false. */
  readonly keepPool?: boolean;
  /** Frames in flight at most, from the decoder's hands to the encoder's; default: the pool's workers + 2. */
  readonly slots?: number;
  readonly trace?: TraceRecorder;
  readonly signal?: AbortSignal;
  /** How long a stage that hangs may hold up the end after an abort or error; default 3000. */
  readonly graceMs?: number;
}

/** Fills a frame's mask: one byte per input pixel, 255 where the result shows, 0 where the input stays. */
export interface MaskSource {
  /** Writes the mask of this frame; `into` is width × height bytes. */
  fill(frame: FrameTime, into: Uint8Array): Promise<void> | void;
  /** Called once, at the end of the run. */
  close?(): Promise<void>;
}

/** Which frame it is; the picture itself is in the slot. */
export type FrameTime = Pick<SourceFrame, 'index' | 'ptsTicks' | 'durationTicks'>;
