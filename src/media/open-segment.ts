import type { Cut } from './cut.js';
import type { FrameGeometry, SourceFrame } from './frames.js';
import type * as av from './node-av.js';
import { openVideo, type OpenVideoOptions, type StreamSideData, type VideoSource } from './open-video.js';
import type { Rational } from './rational.js';
import type { VideoInfo } from './video-info.js';

/**
 * Opens a segment of a video: its own frames, and for everything else what the whole file says, so that all segments are
 * encoded alike. HDR metadata and colour tags may stand in the file's first picture alone.
 *
 * @throws VidstyleError as {@link openVideo}
 */
export async function openSegment(path: string, options: OpenVideoOptions): Promise<VideoSource> {
  // What holds for the file holds for the segment, and is said once.
  const said = new Set<string>();
  const onNotice = (sentence: string): void => {
    if (!said.has(sentence)) options.onNotice?.(sentence);
    said.add(sentence);
  };
  const whole = await openVideo(path, { ...options, onNotice, range: undefined });
  try {
    return new SegmentSource(whole, await openVideo(path, { ...options, onNotice }));
  } catch (error) {
    await whole.close();
    throw error;
  }
}

class SegmentSource implements VideoSource {
  readonly path: string;
  readonly info: VideoInfo;
  readonly geometry: FrameGeometry;
  readonly timeBase: Rational;
  readonly cut: Cut;
  readonly sampleAspectRatio: Rational;
  readonly streamDisposition: av.AVDisposition;
  readonly sideData: readonly StreamSideData[];
  readonly frameCountEstimate: number | undefined;

  constructor(
    private readonly whole: VideoSource,
    private readonly part: VideoSource,
  ) {
    this.path = whole.path;
    this.info = whole.info;
    this.geometry = whole.geometry;
    this.timeBase = whole.timeBase;
    this.cut = part.cut;
    this.sampleAspectRatio = whole.sampleAspectRatio;
    this.streamDisposition = whole.streamDisposition;
    this.sideData = whole.sideData;
    this.frameCountEstimate = part.frameCountEstimate;
  }

  get firstPicture(): av.Frame | undefined {
    return this.whole.firstPicture;
  }

  frames(signal?: AbortSignal): AsyncGenerator<SourceFrame> {
    return this.part.frames(signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.whole.close(), this.part.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
