import { VidstyleError } from '../errors.js';
import * as av from './node-av.js';

/** A part of a file in the file's own time, microseconds; undefined ends are the file's. */
export interface Cut {
  readonly startMicroseconds: bigint | undefined;
  /** Exclusive. */
  readonly endMicroseconds: bigint | undefined;
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

function toMicroseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6));
}
