import type { VideoSource } from './open-video.js';
import type { Rational } from './rational.js';
import { microseconds, rescale } from './rational.js';
import type { VerifyRow } from './verify-row.js';
import { formatTime, row } from './verify-row.js';

/**
 * Decodes both videos and compares frame count and every timestamp. A timestamp holds when it is the input's, rounded
 * to the output's ticks; where those are coarser, two frames of one tick stand a tick apart.
 */
export async function verifyTimes(
  input: VideoSource,
  output: VideoSource,
  signal?: AbortSignal,
): Promise<VerifyRow[]> {
  const start = input.cut.startMicroseconds;
  const origin = start === undefined ? 0n : rescale(start, microseconds, input.timeBase);
  const expected = await timesOf(input, signal);
  const actual = await timesOf(output, signal);
  const tolerance = isCoarser(output.timeBase, input.timeBase) ? 1n : 0n;
  const wrong = expected.findIndex((ticks, index) => {
    const time = actual[index];
    if (time === undefined) return true;
    const difference = time - rescale(ticks - origin, input.timeBase, output.timeBase);
    return difference < -tolerance || difference > tolerance;
  });
  const at = wrong < 0 ? expected.length - 1 : wrong;
  return [
    row('frames', expected.length, actual.length),
    {
      property: wrong < 0 ? 'every timestamp' : `timestamp of frame ${wrong}`,
      expected: `${wrong < 0 ? 'the last at ' : ''}${formatTime((expected[at] ?? 0n) - origin, input)}`,
      actual: actual[at] === undefined ? 'missing' : formatTime(actual[at], output),
      ok: wrong < 0,
    },
  ];
}

function isCoarser(a: Rational, b: Rational): boolean {
  return a.num * b.den > b.num * a.den;
}

async function timesOf(source: VideoSource, signal?: AbortSignal): Promise<bigint[]> {
  const times: bigint[] = [];
  for await (const frame of source.frames(signal)) {
    times.push(frame.ptsTicks);
    frame.close();
  }
  return times;
}
