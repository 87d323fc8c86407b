import type { FrameGeometry } from '../media/frames.js';
import type { InputLoop } from './input-loop.js';
import type { Look } from './network.js';
import type { Production } from './production.js';
import type { Push } from './push.js';

/** How a live stream is doing; rates are those of the last second. */
export interface LiveStatus {
  /** Seconds since the output began. */
  readonly seconds: number;
  readonly input: 'connected' | 'gone';
  /** `none`: only recorded, or shown in the console. */
  readonly output: 'connected' | 'gone' | 'none';
  readonly look: Look;
  readonly outputSize: Pick<FrameGeometry, 'width' | 'height'>;
  readonly workingSize: Pick<FrameGeometry, 'width' | 'height'>;
  readonly recording: boolean;
  readonly engine: string;
  readonly rates: LiveRates;
  readonly totals: LiveTotals;
}

/** What happened in the last second. */
export interface LiveRates {
  readonly sentFps: number;
  readonly restyledFps: number;
  readonly droppedFps: number;
  /** From a picture's arrival to its leaving, milliseconds; undefined while none arrives. */
  readonly delayMs: number | undefined;
  /** What a picture takes in the network. */
  readonly networkMs: number;
}

/** What happened since the beginning. */
export interface LiveTotals {
  readonly received: number;
  readonly restyled: number;
  readonly dropped: number;
  readonly failed: number;
  readonly sent: number;
  /** Pictures sent once more because the next one was late or the input was gone. */
  readonly repeated: number;
  readonly skipped: number;
  readonly inputConnections: number;
  readonly outputConnections: number;
}

/** The parts of a stream that its status is read from. */
export interface StatusParts {
  readonly look: Look;
  readonly rates: LiveRates;
  readonly input: InputLoop;
  readonly push: Push | undefined;
  /** Undefined until the first picture has come in. */
  readonly production: Production | undefined;
}

/** Reads off how a stream is doing. */
export function readStatus(parts: StatusParts): LiveStatus {
  const { look, rates, input, push, production } = parts;
  const { width = 0, height = 0 } = production?.form ?? {};
  const working = production?.network.geometry ?? { width, height };
  return {
    seconds: production ? (performance.now() - production.program.startedMs) / 1000 : 0,
    input: input.isAlive ? 'connected' : 'gone',
    output: push ? (push.isConnected ? 'connected' : 'gone') : 'none',
    look,
    outputSize: { width, height },
    workingSize: { width: working.width, height: working.height },
    recording: production?.program.isRecording ?? false,
    engine: production?.network.description ?? '',
    rates,
    totals: readTotals(parts),
  };
}

/** Reads off what happened since the beginning. */
export function readTotals({ input, push, production }: Omit<StatusParts, 'look' | 'rates'>): LiveTotals {
  const { received = 0, restyled = 0, dropped = 0, failed = 0 } = production?.counts ?? {};
  const { sent = 0, repeated = 0, skipped = 0 } = production?.counts ?? {};
  const inputConnections = input.connections;
  const outputConnections = push?.counts.connections ?? 0;
  const pictures = { received, restyled, dropped, failed, sent, repeated, skipped };
  return { ...pictures, inputConnections, outputConnections };
}
