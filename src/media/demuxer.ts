import { abortedError, VidstyleError } from '../errors.js';
import { checkInputFile, isUrl, refusedPlaylist, sniffFile } from './input-checks.js';
import * as av from './node-av.js';
import { describeFailure } from './native-error.js';

/** An opened container: FFmpeg's context with its native calls kept from overlapping, which would crash. */
export class Demuxer {
  readonly name: string;
  private closing: Promise<void> | undefined;
  private pending: Promise<unknown> = Promise.resolve();

  constructor(
    readonly format: av.FormatContext,
    /** What the user named, for messages. */
    readonly path: string,
  ) {
    this.name = format.iformat?.name ?? 'unknown';
  }

  /** Reads the next packet into `packet`; returns FFmpeg's code: 0, `AVERROR_EOF` or an error. */
  async read(packet: av.Packet): Promise<number> {
    if (this.closing) return av.AVERROR_EOF;
    const reading = this.format.readFrame(packet);
    this.pending = reading;
    return reading;
  }

  /** Goes to the last key frame of `streamIndex` at or before `timestamp` (in the stream's time base). */
  async seek(streamIndex: number, timestamp: bigint): Promise<number> {
    const seeking = this.format.seekFrame(streamIndex, timestamp, av.AVSEEK_FLAG_BACKWARD);
    this.pending = seeking;
    return seeking;
  }

  /** Ends a read that waits for the network; the streams stay valid until {@link close}. */
  interrupt(): void {
    this.format.interrupt();
  }

  /** Closes the file; idempotent, waits for a read in progress. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.format.interrupt();
    await this.pending.catch(() => undefined);
    await this.format.closeInput();
  }
}

/** How to open what is no plain file. */
export interface DemuxerOptions {
  /** FFmpeg's name of an input format or capture device, as `v4l2` or `lavfi`; the path is then whatever that one reads. */
  readonly inputFormat?: string | undefined;
  /** Options of FFmpeg's protocols and formats, by name. */
  readonly ffmpegOptions?: Readonly<Record<string, string>> | undefined;
  /** What messages call it, where the address holds a secret; default the path. */
  readonly shownAs?: string | undefined;
}

/**
 * Opens a container for reading and finds its streams. A local path may open that file alone: neither the network
 * nor other files, whatever a playlist inside says.
 *
 * @throws VidstyleError `input` with one sentence for what is wrong with the file.
 */
export async function openDemuxer(
  path: string,
  signal?: AbortSignal,
  options: DemuxerOptions = {},
): Promise<Demuxer> {
  if (signal?.aborted) throw abortedError(signal);
  const { inputFormat, ffmpegOptions, shownAs = path } = options;
  const device = inputFormat === undefined ? null : findInputFormat(inputFormat);
  const local = !device && !isUrl(path);
  if (local) {
    await checkInputFile(path);
    refusedPlaylist(path, await sniffFile(path));
  }
  const format = new av.FormatContext();
  const interrupt = (): void => {
    format.interrupt();
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    const url = local ? `file:${path}` : path;
    const restrictions = device ? {} : openOptions(path, shownAs, local);
    const dictionary = av.Dictionary.fromObject({ ...restrictions, ...ffmpegOptions });
    const opened = await format.openInput(url, device, dictionary);
    if (signal?.aborted) throw abortedError(signal);
    if (opened < 0) throw describeFailure(shownAs, opened);
    const found = await format.findStreamInfo();
    if (signal?.aborted) throw abortedError(signal);
    if (found < 0) throw describeFailure(shownAs, found);
  } catch (error) {
    await format.closeInput();
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
  }
  return new Demuxer(format, shownAs);
}

function findInputFormat(name: string): av.InputFormat {
  const found = av.InputFormat.findInputFormat(name);
  if (found) return found;
  throw new VidstyleError('usage', `FFmpeg has no input format or capture device "${name}" here.`);
}

function openOptions(path: string, shownAs: string, local: boolean): Record<string, string> {
  if (local) return { protocol_whitelist: 'file', format_whitelist: selfContainedFormats.join(',') };
  const protocol = /^([a-z0-9+]+):/i.exec(path)?.[1]?.toLowerCase() ?? '';
  const needed = protocolFamilies[protocol];
  if (needed === undefined)
    throw new VidstyleError('input', `"${shownAs}": the protocol ${protocol} is not supported.`);
  return { protocol_whitelist: needed };
}

const http = 'http,https,tcp,tls,crypto,data,httpproxy';
const protocolFamilies: Readonly<Record<string, string>> = {
  http,
  https: http,
  rtmp: 'rtmp,rtmpt,tcp',
  rtmps: 'rtmps,tcp,tls',
  rtsp: 'rtsp,rtp,udp,tcp,tls',
  srt: 'srt,udp',
  tcp: 'tcp',
  udp: 'udp',
};

// Every container that holds its data itself; picture formats are here to be recognised and named in a message.
const selfContainedFormats = `
  mov mp4 matroska webm avi mpegts mpeg mpegvideo flv live_flv asf asf_o ogg nut mxf gxf dv rm wtv ivf yuv4mpegpipe
  h264 hevc vvc av1 obu m4v vc1 h263 h261 mjpeg mjpeg_2000 gif apng webp_anim rawvideo bink smk roq film_cpk dirac
  cavsvideo avs2 avs3 swf nsv nuv pmp ty vmd ea flic ffmetadata mtv
  wav mp3 flac aac ac3 eac3 dts amr aiff caf ape wv tta au opus w64 srt ass webvtt
  image2 png_pipe jpeg_pipe webp_pipe bmp_pipe tiff_pipe jpegxl_pipe jpegls_pipe j2k_pipe psd_pipe svg_pipe exr_pipe
  ppm_pipe pgm_pipe pbm_pipe pam_pipe qoi_pipe ico dds_pipe hdr_pipe sgi_pipe dpx_pipe pcx_pipe xbm_pipe jpegxl_anim
`
  .trim()
  .split(/\s+/);
