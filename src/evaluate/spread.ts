/** Median and range of repeated measurements, as text: `12.3 (11.9–14.0)`. */
export function spread(values: readonly number[], digits = 1): string {
  const text = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return text(values[0] ?? NaN);
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

/** The middle value; of an even number of values the mean of the middle two. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** The arithmetic mean. NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
