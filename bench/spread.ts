/** Median and range of repeated measurements, as text: `12.3 (11.9–14.0)`. */
export function spread(values: readonly number[], digits = 1): string {
  const sorted = [...values].sort((a, b) => a - b);
  const text = (value: number | undefined): string => (value ?? NaN).toFixed(digits);
  return `${text(median(values))} (${text(sorted[0])}–${text(sorted.at(-1))})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
