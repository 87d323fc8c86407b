import { writeFile } from 'node:fs/promises';

/** A stage of a frame's way through the pipeline. */
export type Stage = 'decode' | 'network' | 'compose' | 'write';

/** A stage, or the conversion to packed RGB that is part of `decode`, or the one back that is part of `write`. */
export type TracedStage = Stage | 'toRgb' | 'fromRgb';

/** One stage of one frame, in milliseconds since the epoch. */
export interface StageRecord {
  readonly stage: TracedStage;
  readonly frame: number;
  readonly startMs: number;
  readonly durationMs: number;
  /** The worker thread's number; 0 for the main thread. */
  readonly thread: number;
}

/**
 * Collects stages and writes them in the Chrome trace event format, which `chrome://tracing` and Perfetto draw
 * (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
 */
export class TraceRecorder {
  readonly #records: StageRecord[] = [];

  /** What was collected so far. */
  get records(): readonly StageRecord[] {
    return this.#records;
  }

  /** Takes note of a stage that is over. */
  add(record: StageRecord): void {
    this.#records.push(record);
  }

  /** Writes what was collected; times count from the first stage's start. */
  async write(path: string): Promise<void> {
    const originMs = Math.min(...this.#records.slice(0, 64).map((record) => record.startMs));
    const events = this.#records.map((record) => traceEvent(record, originMs));
    const names = [...new Set(events.map((event) => event.tid))].map(threadName);
    await writeFile(path, JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...names, ...events] }));
  }
}

// Decoding and writing share the main thread but overlap in time, so each gets a row of its own.
const decodeRow = 1_000_000;
const writeRow = 1_000_001;
const rows: Partial<Record<TracedStage, number>> = {
  decode: decodeRow,
  toRgb: decodeRow,
  fromRgb: writeRow,
  write: writeRow,
};

function traceEvent({ stage, frame, startMs, durationMs, thread }: StageRecord, originMs: number) {
  const tid = rows[stage] ?? thread;
  const ts = Math.round((startMs - originMs) * 1000);
  return { name: stage, ph: 'X', pid: 1, tid, ts, dur: Math.round(durationMs * 1000), args: { frame } };
}

function threadName(tid: number) {
  const name = tid === decodeRow ? 'decode' : tid === writeRow ? 'write' : `worker ${tid}`;
  return { name: 'thread_name', ph: 'M', pid: 1, tid, args: { name } };
}
