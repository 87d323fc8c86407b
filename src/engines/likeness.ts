import type { ValueRange } from './model-hints.js';
import { rangeOf } from './pixels.js';
import type { TestCard } from './test-card.js';

/**
 * 1: exactly the card or its negative. Likeness in structure counts for, distance and values out of range count against.
 */
export function likenessOf(values: Float32Array, card: TestCard, range: ValueRange): number {
  const { gain, offset } = rangeOf(range, 1);
  const decoded = values.map((value) => (value - offset) / gain);
  const likeness = correlation(decoded, card.values);
  let excess = 0;
  let distance = 0;
  decoded.forEach((value, i) => {
    const light = card.values[i] ?? 0;
    excess += Math.max(0, value - 1, -value);
    distance += Math.abs(Math.min(1, Math.max(0, value)) - (likeness < 0 ? 1 - light : light));
  });
  const score = Math.abs(likeness) - (2 * excess + distance) / values.length;
  return Number.isFinite(score) ? score : -Infinity;
}

/** The range that values of this size belong to; a little beyond its ends is what networks do at edges. */
export function rangeThatHolds(values: Float32Array): ValueRange {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest > 2.5) return '0..255';
  const negative = values.reduce((count, value) => count + (value < -0.05 ? 1 : 0), 0);
  return negative > 0.02 * values.length ? '-1..1' : '0..1';
}

function correlation(a: Float32Array, b: Float32Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const da = (a[i] ?? 0) - meanA;
    const db = (b[i] ?? 0) - meanB;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
