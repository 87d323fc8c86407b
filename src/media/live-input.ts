import { constants } from 'node:os';
import { isVidstyleError, VidstyleError } from '../errors.js';
import { openDemuxer, type Demuxer, type DemuxerOptions } from './demuxer.js';
import { frameBytes, type FrameGeometry } from './frames.js';
import { isUrl, maximumSide } from './input-checks.js';
import { LivePackets, type LivePacketHandlers } from './live-packets.js';
import { LiveSoundDecoder, type SoundBlock } from './live-sound.js';
import * as av from './node-av.js';
import { PixelConverter } from './pixel-converter.js';
import { knownRational, ticksToSeconds, type Rational } from './rational.js';
import { VideoDecoder } from './video-decoder.js';
import { chooseVideoStream } from './video-stream-choice.js';

/** How to open a live input. */
export interface LiveInputOptions {
  /** Wait for a publisher to come to this address instead of calling there (RTMP). */
  readonly listen?: boolean | undefined;
  /** FFmpeg's name of an input format or capture device; then the address is whatever that one reads. */
  readonly inputFormat?: string | undefined;
  readonly hwaccel?: string | undefined;
  /** What messages call the input: addresses may hold keys. */
  readonly shownAs: string;
  /** A connection that is silent for this long is given up. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** One decoded picture of a live input. */
export interface LivePicture {
  /** When it shows, by the input's clock. */
  readonly timeMs: number;
  readonly width: number;
  readonly height: number;
  /** Writes packed RGB of `geometry`; a picture of another shape keeps its proportions between black bars. */
  read(into: Uint8Array, geometry: FrameGeometry): void;
  /** Gives the decoder's picture back; idempotent. */
  close(): void;
}

/** Who gets what comes in. */
export interface LiveInputHandlers extends Pick<LivePacketHandlers, 'onArrival' | 'onVideoPacket'> {
  readonly onPicture: (picture: LivePicture) => void;
  readonly onSound: (block: SoundBlock) => void;
}

/** A live input that is open: pictures and sound as they arrive. */
export class LiveInput {
  /** Frames a second, as the input says. */
  readonly frameRate: Rational | undefined;
  /** Size of the picture as the input says it at first; zeros where only the first picture tells. */
  readonly size: { readonly width: number; readonly height: number };
  readonly hasSound: boolean;
  /** H.264 can be passed on as it is. */
  readonly passableVideo: av.CodecParameters | undefined;
  /** The picture stream's ticks. */
  readonly timeBase: Rational;
  readonly #converter = new PixelConverter({ scaling: true });
  /** Pictures that were handed out and not given back: they stay readable after the end. */
  #pictures = 0;
  #ended = false;
  #closing: Promise<void> | undefined;

  private constructor(
    private readonly demuxer: Demuxer,
    private readonly packets: LivePackets,
    private readonly decoder: VideoDecoder,
    private readonly sound: LiveSoundDecoder | undefined,
    stream: av.Stream,
  ) {
    this.frameRate = knownRational(stream.avgFrameRate) ?? knownRational(stream.rFrameRate);
    this.size = { width: stream.codecpar.width, height: stream.codecpar.height };
    this.hasSound = sound !== undefined;
    this.timeBase = { num: stream.timeBase.num, den: stream.timeBase.den };
    const isH264 = stream.codecpar.codecId === av.AV_CODEC_ID_H264;
    this.passableVideo = isH264 && stream.codecpar.extradata ? stream.codecpar : undefined;
  }

  /** @throws VidstyleError `input` in one sentence; 'aborted' by the signal */
  static async open(address: string, options: LiveInputOptions): Promise<LiveInput> {
    const { signal, inputFormat, shownAs } = options;
    const ffmpegOptions = protocolOptions(address, options);
    const opening = { inputFormat, ffmpegOptions, shownAs };
    const demuxer = options.listen
      ? await awaitPublisher(address, signal, opening)
      : await openDemuxer(address, signal, opening);
    let sound: LiveSoundDecoder | undefined;
    try {
      const stream = chooseVideoStream(demuxer);
      const soundStream = demuxer.format.streams.find(
        ({ codecpar }) => codecpar.codecType === av.AVMEDIA_TYPE_AUDIO,
      );
      sound = soundStream && (await LiveSoundDecoder.open(soundStream));
      const isPaced = !isLive(address, inputFormat);
      const packets = new LivePackets(demuxer, stream, sound ? soundStream : undefined, isPaced, signal);
      // A thread of FFmpeg's more is a picture of delay more.
      const decoding = { threads: 1, hwaccel: options.hwaccel, maximumPixels: maximumSide * maximumSide };
      const decoder = await VideoDecoder.open(packets, stream, decoding);
      return new LiveInput(demuxer, packets, decoder, sound, stream);
    } catch (error) {
      sound?.close();
      await demuxer.close();
      throw error;
    }
  }

  /** Whether it comes to an end of its own, as files do. */
  static endsByItself(address: string, inputFormat: string | undefined): boolean {
    return inputFormat === undefined && !isUrl(address);
  }

  /**
   * Hands out pictures and sound until the input ends.
   * @throws VidstyleError `input` when the connection broke or fell silent
   */
  async run(handlers: LiveInputHandlers): Promise<void> {
    const { sound } = this;
    this.packets.handlers = {
      ...handlers,
      onSoundPacket: async (packet) => sound?.decode(packet, handlers.onSound),
    };
    for (;;) {
      const picture = await this.decoder.next();
      if (!picture) break;
      if (this.#ended) {
        picture.free();
        break;
      }
      handlers.onPicture(this.#wrap(picture));
    }
    const { readError } = this.decoder.damage;
    const reason =
      this.packets.reason ?? (readError === undefined ? undefined : av.FFmpegError.strerror(readError));
    if (reason !== undefined)
      throw new VidstyleError('input', `"${this.demuxer.path}" broke off: ${reason}.`);
  }

  /** Ends {@link run} and closes everything; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.packets.stop();
    await this.decoder.close();
    this.sound?.close();
    await this.demuxer.close();
    this.#ended = true;
    if (this.#pictures === 0) this.#converter.close();
  }

  #wrap(picture: av.Frame): LivePicture {
    const { width, height } = picture;
    const ticks = picture.bestEffortTimestamp;
    let open = true;
    this.#pictures += 1;
    return {
      timeMs: ticksToSeconds(ticks, this.timeBase) * 1000,
      width,
      height,
      read: (into, geometry) => {
        this.#read(picture, into, geometry);
      },
      close: () => {
        if (open) this.#giveBack(picture);
        open = false;
      },
    };
  }

  #giveBack(picture: av.Frame): void {
    picture.free();
    this.#pictures -= 1;
    if (this.#pictures === 0 && this.#ended) this.#converter.close();
  }

  #read(picture: av.Frame, into: Uint8Array, geometry: FrameGeometry): void {
    const inner = fitInside(picture, geometry);
    if (inner.width === geometry.width && inner.height === geometry.height) {
      this.#converter.toRgb(picture, into, geometry);
      return;
    }
    const pixels = new Uint8Array(frameBytes(inner));
    this.#converter.toRgb(picture, pixels, inner);
    into.fill(0);
    const left = Math.floor((geometry.width - inner.width) / 2);
    const top = Math.floor((geometry.height - inner.height) / 2);
    for (let row = 0; row < inner.height; row += 1) {
      const line = pixels.subarray(row * inner.width * 3, (row + 1) * inner.width * 3);
      into.set(line, ((top + row) * geometry.width + left) * 3);
    }
  }
}

/** FFmpeg cannot be interrupted while it waits to be called, so it waits a second at a time. */
async function awaitPublisher(
  address: string,
  signal: AbortSignal,
  options: DemuxerOptions,
): Promise<Demuxer> {
  for (;;) {
    try {
      return await openDemuxer(address, signal, options);
    } catch (error) {
      const code = isVidstyleError(error) ? error.details['code'] : undefined;
      if (code !== -constants.errno.ETIMEDOUT) throw error;
    }
  }
}

/** The largest size of the picture's shape in `geometry`; differences below two pixels are stretched away. */
function fitInside(picture: av.Frame, geometry: FrameGeometry): FrameGeometry {
  const { num, den } = knownRational(picture.sampleAspectRatio) ?? { num: 1, den: 1 };
  const shape = (picture.width * num) / (picture.height * den);
  const width = Math.min(geometry.width, Math.round(geometry.height * shape));
  const height = Math.min(geometry.height, Math.round(geometry.width / shape));
  return {
    width: geometry.width - width < 3 ? geometry.width : width,
    height: geometry.height - height < 3 ? geometry.height : height,
    format: 'rgb8',
  };
}

/** Whether the input sets the pace itself; files and what lies on web servers (HLS too) are read no faster than they play. */
function isLive(address: string, inputFormat: string | undefined): boolean {
  if (inputFormat !== undefined) return inputFormat !== 'lavfi';
  return isUrl(address) && !/^https?:/i.test(address);
}

function protocolOptions(
  address: string,
  { listen, silenceMs, inputFormat }: LiveInputOptions,
): Record<string, string> {
  if (inputFormat !== undefined || !isUrl(address)) return {};
  // A read that waits for the network ends by its time-out alone: FFmpeg was seen to ignore an interruption until then,
  // and to wait twice.
  const waitUs = String(Math.round((silenceMs * 1000) / 2));
  // Probing is most of a live reader's start: RTMP says what it holds at once.
  const reading = {
    probesize: '1000000',
    analyzeduration: '1000000',
    fflags: 'nobuffer',
    rw_timeout: waitUs,
  };
  if (/^rtmps?:/i.test(address)) {
    // RTMP's own time-out is for being called, and makes FFmpeg listen.
    return { ...reading, rtmp_live: 'live', ...(listen && { listen: '1', timeout: '1' }) };
  }
  if (/^rtsp:/i.test(address)) return { ...reading, rtsp_transport: 'tcp', timeout: waitUs };
  return reading;
}
