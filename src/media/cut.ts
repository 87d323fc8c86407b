import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';
import type { Rational } from './rational.js';
import { microseconds, rescale } from './rational.js';

/** A part of a file in the file's own time, microseconds; undefined ends are the file's. */
export interface Cut {
  readonly startMicroseconds: bigint | undefined;
  /** Exclusive. */
  readonly endMicroseconds: bigint | undefined;
  /** The same to the tick, where the part is a segment of the file's frames. */
  readonly range?: FrameRange | undefined;
}

/** Some of a video's frames, in ticks of its time base: those shown from `startTicks` until before `endTicks`. */
export interface FrameRange {
  readonly startTicks: bigint;
  /** Exclusive; undefined for the end of the file. */
  readonly endTicks: bigint | undefined;
  /** Where decoding begins: a key frame at or before the start; undefined for the beginning of the file. */
  readonly seekTicks: bigint | undefined;
}

/** The whole file. */
export const wholeFile: Cut = Object.freeze({ startMicroseconds: undefined, endMicroseconds: undefined });

/**
 * Turns seconds from the start of the file into its own time, which need not begin at zero.
 *
 * @throws VidstyleError `usage` for a negative start or a duration that is not positive.
 */
export function resolveCut(
  format: av.FormatContext,
  part: { readonly start?: number | undefined; readonly duration?: number | undefined },
): Cut {
  const { start, duration } = part;
  if (start !== undefined && !(start >= 0 && Number.isFinite(start))) {
    throw new VidstyleError('usage', `--start ${start}: must be a number of seconds, 0 or more.`);
  }
  if (duration !== undefined && !(duration > 0)) {
    throw new VidstyleError('usage', `--duration ${duration}: must be a number of seconds above 0.`);
  }
  const origin = format.startTime === av.AV_NOPTS_VALUE ? 0n : format.startTime;
  const from = start === undefined || start === 0 ? undefined : origin + toMicroseconds(start);
  const endless = duration === undefined || !Number.isFinite(duration);
  return {
    startMicroseconds: from,
    endMicroseconds: endless ? undefined : (from ?? origin) + toMicroseconds(duration),
  };
}

/** The cut that a range of frames is. */
export function cutOf(range: FrameRange, timeBase: Rational): Cut {
  return {
    startMicroseconds: rescale(range.startTicks, timeBase, microseconds),
    endMicroseconds:
      range.endTicks === undefined ? undefined : rescale(range.endTicks, timeBase, microseconds),
    range,
  };
}

/** Where a cut begins, in ticks of a stream. */
export function cutStartTicks(cut: Cut, timeBase: Rational): bigint | undefined {
  if (cut.range) return cut.range.startTicks;
  return cut.startMicroseconds === undefined
    ? undefined
    : rescale(cut.startMicroseconds, microseconds, timeBase);
}

/** Where a cut ends, exclusive, in ticks of a stream. */
export function cutEndTicks(cut: Cut, timeBase: Rational): bigint | undefined {
  if (cut.range) return cut.range.endTicks;
  return cut.endMicroseconds === undefined ? undefined : rescale(cut.endMicroseconds, microseconds, timeBase);
}

function toMicroseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6));
}
