import { devNull } from 'node:os';
import type { Container } from './container.js';
import * as av from './node-av.js';

/**
 * Whether a container takes a stream as it is, found by writing a header with that stream alone into nothing: the
 * muxers decide by codec, tag, profile and their own rules, which no table would get right.
 */
export async function containerTakes(
  container: Container,
  describe: (stream: av.Stream) => void,
): Promise<boolean> {
  const format = new av.FormatContext();
  let opened = false;
  try {
    if (format.allocOutputContext2(container.format, container.name, devNull) < 0) return false;
    describe(format.newStream());
    opened = (await format.openOutput()) >= 0;
    return opened && (await format.writeHeader()) >= 0;
  } finally {
    if (opened) await format.closeOutput();
    format.freeContext();
  }
}

/** Describes an output stream as the input stream's unchanged packets need it. */
export function describeAsCopy(from: av.Stream, to: av.Stream, keepTag: boolean): void {
  from.codecpar.copy(to.codecpar);
  if (!keepTag) to.codecpar.codecTag = 0;
  copyIdentity(from, to);
}

/** Copies what names a stream and says how to use it, whatever its codec. */
export function copyIdentity(from: av.Stream, to: av.Stream): void {
  to.timeBase = from.timeBase;
  to.disposition = from.disposition;
  to.sampleAspectRatio = from.sampleAspectRatio;
  if (from.codecpar.codecType === av.AVMEDIA_TYPE_VIDEO) to.avgFrameRate = from.avgFrameRate;
  to.metadata = av.Dictionary.fromObject(from.metadata?.getAll() ?? {});
}
