import { createVideoSink, frameBytes, openVideo, type OpenVideoOptions } from '../media/index.js';

/** What is read of a clip, and how it is written. */
export interface Reencoding extends Pick<OpenVideoOptions, 'size' | 'duration'> {
  readonly crf: number;
  readonly preset?: string;
  /** So many frames at most; default all. */
  readonly limit?: number;
}

/** A clip's frames as a clip of their own. @throws VidstyleError as `openVideo` and `createVideoSink` */
export async function reencode(
  input: string,
  output: string,
  { size, duration, limit = Infinity, ...encoding }: Reencoding,
): Promise<void> {
  await using source = await openVideo(input, { size, duration });
  await using sink = await createVideoSink(output, source, { ...encoding, copyStreams: false });
  const pixels = new Uint8Array(frameBytes(source.geometry));
  for await (const frame of source.frames()) {
    const { index, ptsTicks, durationTicks } = frame;
    frame.read(pixels);
    frame.close();
    await sink.write({ index, ptsTicks, durationTicks, pixels });
    if (index + 1 >= limit) break;
  }
  await sink.finish();
}
