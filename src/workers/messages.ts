import type { SessionOptions } from '../engines/engine.js';
import type { ErrorRecord } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import type { SlotMemory } from './frame-slots.js';

/** What a worker is born with. */
export interface WorkerSetup {
  /** URL of a module that exports `engine`. */
  readonly engineModule: string;
  readonly session: Omit<SessionOptions, 'stopped'>;
  /** Each worker takes the next one, by its seat; empty: the engine's default. */
  readonly devices: readonly string[];
  /** See {@link import('./compose.js').ComposeOptions}. */
  readonly matchHistogram: boolean;
  /** The memory of {@link import('./seats.js').Seats}. */
  readonly seats: SharedArrayBuffer;
  /** The memory of {@link import('./controls.js').Controls}. */
  readonly controls: SharedArrayBuffer;
  /** The memory of {@link import('./shutdown.js').Shutdown}. */
  readonly shutdown: SharedArrayBuffer;
}

/** Asks for the network to be opened, or waits until it is. */
export interface OpenRequest {
  readonly type: 'open';
}

/** Asks for one frame: the pixels are in the slot, and so goes the result. */
export interface FrameRequest {
  readonly type: 'frame';
  readonly index: number;
  readonly slot: number;
  readonly memory: SlotMemory;
}

/** Asks for the network to be closed; nothing else is asked after it. */
export interface CloseRequest {
  readonly type: 'close';
}

/** Whatever the pool asks of a worker. */
export type WorkerRequest = OpenRequest | FrameRequest | CloseRequest;

/** The network is open, and this is what it is. */
export interface OpenedReply {
  readonly type: 'opened';
  readonly description: string;
  readonly notices: readonly string[];
  readonly outputGeometry: FrameGeometry;
}

/** Where a frame's time in the worker went. */
export interface FrameTimings {
  /** When the worker began, in milliseconds since the epoch (comparable between threads). */
  readonly startedAtMs: number;
  readonly networkMs: number;
  readonly composeMs: number;
  readonly thread: number;
}

/** The result is in the slot. */
export interface DoneReply {
  readonly type: 'done';
  readonly timings: FrameTimings;
  /** Notices that came up since the session was opened. */
  readonly notices: readonly string[];
}

/** What was asked could not be done; also how the end of a thread is told. */
export interface FailedReply {
  readonly type: 'failed';
  readonly error: ErrorRecord;
}

/** The network is closed. */
export interface ClosedReply {
  readonly type: 'closed';
}

/** Whatever a worker answers. */
export type WorkerReply = OpenedReply | DoneReply | ClosedReply | FailedReply;
