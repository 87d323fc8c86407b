import type { VideoSource } from './open-video.js';
import { ticksToSeconds } from './rational.js';

/** One line of the comparison. */
export interface VerifyRow {
  readonly property: string;
  readonly expected: string;
  readonly actual: string;
  readonly ok: boolean;
}

/** A row that holds when both sides read the same. */
export function row(property: string, expected: unknown, actual: unknown): VerifyRow {
  return {
    property,
    expected: String(expected),
    actual: String(actual),
    ok: String(expected) === String(actual),
  };
}

/** Seconds of a tick count, for a table. */
export function formatTime(ticks: bigint, source: VideoSource): string {
  return `${ticksToSeconds(ticks, source.timeBase).toFixed(6)} s`;
}
