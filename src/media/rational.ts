/** A fraction, as FFmpeg keeps time bases, frame rates and pixel aspect ratios. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** Ticks in seconds; good for messages and progress, not for comparing timestamps. */
export function ticksToSeconds(ticks: bigint, timeBase: Rational): number {
  return (Number(ticks) * timeBase.num) / timeBase.den;
}

/** Converts ticks between time bases, rounding to the nearest tick, halves away from zero. */
export function rescale(ticks: bigint, from: Rational, to: Rational): bigint {
  const numerator = ticks * BigInt(from.num) * BigInt(to.den);
  const denominator = BigInt(from.den) * BigInt(to.num);
  const half = denominator / 2n;
  return numerator >= 0n ? (numerator + half) / denominator : -((half - numerator) / denominator);
}

/** A plain copy; undefined for 0/x and x/0, which FFmpeg uses for "unknown". */
export function knownRational(value: Rational): Rational | undefined {
  return value.num > 0 && value.den > 0 ? { num: value.num, den: value.den } : undefined;
}

/** Microseconds, the time base of FFmpeg's containers. */
export const microseconds: Rational = Object.freeze({ num: 1, den: 1_000_000 });
