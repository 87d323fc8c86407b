/** How a sample is stored: 8-bit or 16-bit packed RGB (full range 0..255 / 0..65535), height × width × 3. */
export type SampleFormat = 'rgb8' | 'rgb16';

/** The size and sample format of every frame of a source or sink. */
export interface FrameGeometry {
  /** Pixels a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  readonly format: SampleFormat;
}

/** Bytes that one frame takes: height × width × 3 samples of one or two bytes, rows without padding. */
export function frameBytes(geometry: FrameGeometry): number {
  return geometry.width * geometry.height * 3 * (geometry.format === 'rgb16' ? 2 : 1);
}

/** One decoded picture. {@link SourceFrame.read} converts to packed RGB; call `close()` when done. */
export interface SourceFrame {
  /** Counts from 0 in presentation order, without gaps. */
  readonly index: number;
  /** Presentation timestamp in ticks of the source's time base. */
  readonly ptsTicks: bigint;
  /** How long the frame shows, in the same ticks; 0 where the source does not say. */
  readonly durationTicks: bigint;
  /**
   * Converts the picture into the caller's memory, which may be shared memory. Samples of 16 bits are native-endian.
   *
   * @param into exactly `frameBytes(geometry)` bytes.
   */
  read(into: Uint8Array): void;
  /** Gives the decoder's picture back; idempotent. */
  close(): void;
}

/** Where frames come from. Pull-based: nothing is decoded ahead of the consumer but what the codec itself holds. */
export interface FrameSource {
  readonly geometry: FrameGeometry;
  /** How many frames to expect; undefined where the source does not tell. Good for a progress bar, not for a loop. */
  readonly frameCountEstimate: number | undefined;
  /** The frames in presentation order. Can be iterated once. */
  frames(signal?: AbortSignal): AsyncGenerator<SourceFrame>;
  /** Closes whatever the source holds open; idempotent. */
  close(): Promise<void>;
}

/** One finished picture on its way into a sink. */
export interface SinkFrame {
  readonly index: number;
  /** Presentation timestamp in ticks of the source's time base. */
  readonly ptsTicks: bigint;
  readonly durationTicks: bigint;
  /** `frameBytes(geometry)` bytes of packed RGB; the sink has taken what it needs when `write` resolves. */
  readonly pixels: Uint8Array;
  /** Called when the pixels are converted: what remains of `write` is waiting for the encoder. */
  readonly onTaken?: () => void;
}

/** Where results go; awaiting {@link FrameSink.write} is the back-pressure. */
export interface FrameSink {
  /** The source's geometry, its width and height times the scale when upscaling. */
  readonly geometry: FrameGeometry;
  /** Takes one frame; frames come in presentation order. */
  write(frame: SinkFrame): Promise<void>;
  /** Flushes the encoder, writes the trailer and renames the file into place. */
  finish(): Promise<void>;
  /** Closes everything and removes the half-written file; idempotent, and does nothing after `finish`. */
  abort(): Promise<void>;
}
