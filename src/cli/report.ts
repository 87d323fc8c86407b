import type { Report } from '../jobs/process.js';
import type { Rehearsal } from '../jobs/rehearse.js';
import { formatBytes, formatSeconds } from './format.js';

/** What was done, in a line or two; below it the table of `--verify`. */
export function describeReport(report: Report): string[] {
  const { output, frames, seconds, framesPerSecond, width, height, engine, encoder, verification } = report;
  const pace = frames > 1 ? `, ${framesPerSecond.toFixed(1)} fps` : '';
  const what = frames > 1 ? `${frames} frames of ${width}×${height}` : `${width}×${height}`;
  return [
    `Wrote ${output}: ${what} in ${formatSeconds(seconds)}${pace}.`,
    `${engine}; ${encoder}.`,
    ...(verification ? describeVerification(verification) : []),
  ];
}

/** One line for each thing that was compared. */
export function describeVerification(rows: NonNullable<Report['verification']>): string[] {
  return rows.map(({ property, expected, actual, ok }) => {
    const found = ok ? actual : `${expected} → ${actual}`;
    return `${ok ? '✓' : '✗'} ${property.padEnd(28)} ${found}`;
  });
}

/** What the whole job would take. */
export function describeRehearsal(rehearsal: Rehearsal): string[] {
  const { framesTried, frames, width, height, framesPerSecond, seconds, bytes, engine, encoder } = rehearsal;
  const expected =
    frames === undefined || seconds === undefined || bytes === undefined
      ? `The input does not say how long it is: at ${framesPerSecond.toFixed(1)} frames a second it takes as long as it takes.`
      : `All ${frames} frames take about ${formatSeconds(seconds)} and ${formatBytes(bytes)}.`;
  return [
    `Tried ${framesTried} ${framesTried === 1 ? 'frame' : 'frames'} at ${width}×${height}: ${framesPerSecond.toFixed(1)} fps, ${formatBytes(rehearsal.peakMemoryBytes)} of memory.`,
    expected,
    `${engine}; ${encoder}.`,
  ];
}
