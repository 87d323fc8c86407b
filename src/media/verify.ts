import { chooseContainer } from './container.js';
import { cutChapters } from './chapter-writer.js';
import type { Chapter } from './chapters.js';
import { carryMetadata } from './metadata.js';
import { openVideo } from './open-video.js';
import type { Rational } from './rational.js';
import type { VideoSource } from './open-video.js';
import { row, type VerifyRow } from './verify-row.js';
import { verifyStreams } from './verify-streams.js';
import { verifyTimes } from './verify-times.js';

export type { VerifyRow } from './verify-row.js';

/** What the output was meant to differ in. */
export interface VerifyExpectations {
  /** The part of the input that was asked for. */
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
  /** The size that the input was scaled to while reading; default its own. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Frame size of the output; default the size read. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Whether the other streams were to come along; default true. */
  readonly copyStreams?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads input and output anew and compares everything that must not change: frame count and every timestamp (by
 * decoding both), the packets of all other streams, chapters, metadata, dispositions and what describes the picture.
 *
 * @throws VidstyleError `input` when either file cannot be read.
 */
export async function verifyOutput(
  inputPath: string,
  outputPath: string,
  expectations: VerifyExpectations = {},
): Promise<VerifyRow[]> {
  const { start, duration, size, signal } = expectations;
  // A file cut short was accepted when it was read, or there would be no output.
  await using input = await openVideo(inputPath, { start, duration, size, signal, acceptTruncated: true });
  await using output = await openVideo(outputPath, { signal });
  return [
    ...(await verifyTimes(input, output, signal)),
    ...pictureRows(input, output, expectations),
    ...chapterRows(input, output),
    ...metadataRows(input, output),
    ...(await verifyStreams(input, output, expectations.copyStreams !== false)),
  ];
}

function pictureRows(input: VideoSource, output: VideoSource, expectations: VerifyExpectations): VerifyRow[] {
  const [before, after] = [input.info.video, output.info.video];
  const { width = input.geometry.width, height = input.geometry.height } = expectations;
  const rows = [
    row('frame size', `${width}×${height}`, `${after.width}×${after.height}`),
    row('rotation', `${before.rotationDegrees}°`, `${after.rotationDegrees}°`),
    aspectRow(input.sampleAspectRatio, after.sampleAspectRatio, width),
    row('interlacing', before.interlaced, after.interlaced),
    depthRow(before.bitDepth, after.bitDepth),
  ];
  // RGB becomes YUV, so the matrix must differ there; what the input does not say, the output may.
  const color = before.pixelFormat.rgb
    ? { primaries: before.color.primaries, transfer: before.color.transfer }
    : before.color;
  for (const [name, value] of Object.entries(color)) {
    const found = after.color[name as keyof typeof after.color];
    // Limited range is what a video means that does not say.
    if (value !== undefined)
      rows.push(row(`colour ${name}`, value, found ?? (name === 'range' ? 'tv' : 'none')));
  }
  if (before.hdr.masteringDisplay) rows.push(row('mastering display', true, after.hdr.masteringDisplay));
  const light = ({ hdr }: typeof before): string =>
    `${hdr.contentLight?.maxCll ?? 0}, ${hdr.contentLight?.maxFall ?? 0}`;
  if (before.hdr.contentLight) rows.push(row('content light level', light(before), light(after)));
  return rows;
}

/** More than twelve bits are encoded as twelve. */
function depthRow(before: number, after: number): VerifyRow {
  return { ...row('bits a sample', before, after), ok: after >= Math.min(before, before > 10 ? 12 : before) };
}

/** Matroska holds the shown size in whole pixels, which rounds the ratio where the bitstream does not hold it as well. */
function aspectRow(before: Rational, after: Rational, width: number): VerifyRow {
  const deviation = Math.abs((after.num * before.den) / (after.den * before.num) - 1);
  return { ...row('pixel aspect ratio', aspect(before), aspect(after)), ok: deviation <= 0.5 / width };
}

function aspect(ratio: Rational): string {
  return `${ratio.num}:${ratio.den}`;
}

function chapterRows(input: VideoSource, output: VideoSource): VerifyRow[] {
  const expected = cutChapters(input.info.chapters, input.cut);
  const container = chooseContainer(output.path);
  if (expected.length === 0 || !(container.isoBased || container.matroska)) return [];
  return [row('chapters', describeChapters(expected), describeChapters(output.info.chapters))];
}

/** Starts and titles; ends are implied by the next start where the container holds no ends. */
function describeChapters(chapters: readonly Chapter[]): string {
  return (
    chapters
      .map((chapter) => `${chapter.startSeconds.toFixed(3)} ${chapter.metadata['title'] ?? ''}`)
      .join(', ') || 'none'
  );
}

function metadataRows(input: VideoSource, output: VideoSource): VerifyRow[] {
  const found = new Map(
    Object.entries(output.info.metadata).map(([key, value]) => [key.toLowerCase(), value]),
  );
  return Object.entries(carryMetadata(input.info, chooseContainer(output.path)).kept).map(([key, value]) =>
    row(`metadata ${key}`, value, found.get(key.toLowerCase()) ?? 'none'),
  );
}
