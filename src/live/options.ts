import { z } from 'zod';
import {
  checkOptions,
  flag,
  numberBetween,
  processSchema,
  text,
  wholeBetween,
  type ProcessOptions,
} from '../jobs/options.js';
import type { RestyleOptions } from '../jobs/restyle.js';
import { VidstyleError } from '../errors.js';
import { parseRtmp } from './addresses.js';
import type { ConsoleOptions } from './console/options.js';

/** What a live session is told. */
export interface LiveOptions
  extends
    Pick<RestyleOptions, 'style' | 'strength' | 'keepColors' | 'steady' | 'hints' | 'presets'>,
    Pick<
      ProcessOptions,
      'size' | 'hwaccel' | 'engine' | 'device' | 'precision' | 'openvino' | 'workers' | 'threads'
    > {
  /** RTMP, RTSP, SRT or HTTP(S) address, a file, or whatever {@link inputFormat} reads. */
  readonly input: string;
  /** RTMP or RTMPS address to push to, its stream key included; default: none, for recordings and the console alone. */
  readonly output?: string | undefined;
  /** Wait for a publisher to come to `input` instead of calling there; default false. */
  readonly listen?: boolean | undefined;
  /** FFmpeg's name of an input format or capture device, as `v4l2`, `avfoundation`, `lavfi`. */
  readonly inputFormat?: string | undefined;
  /** How long after its arrival a picture goes out, milliseconds; default 500. */
  readonly latencyMs?: number | undefined;
  /** Pictures a second of the output; default the input's. */
  readonly fps?: number | undefined;
  /** Kilobits a second of the picture; default by size and pictures a second. */
  readonly bitrateKbps?: number | undefined;
  /** x264's speed preset; default `superfast`. */
  readonly preset?: string | undefined;
  /** A file to write at the same time: .mkv, .mp4, .mov, .flv or .ts. */
  readonly record?: string | undefined;
  /** A picture to show while the input is gone; default: the last picture is held. */
  readonly slate?: string | undefined;
  /** Serve a page that shows and controls the stream; default: none. */
  readonly console?: ConsoleOptions | undefined;
  /** Called with a sentence for whatever the user should know. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Ends the stream and closes everything. */
  readonly signal?: AbortSignal | undefined;
}

/** What applies where {@link LiveOptions} say nothing. */
export const liveDefaults = Object.freeze({
  strength: 1,
  keepColors: false,
  latencyMs: 500,
  preset: 'superfast',
  keyFrameSeconds: 2,
  soundBitsPerSecond: 160_000,
});

const recordable = /\.(mkv|mp4|mov|flv|ts)$/i;

const schema = processSchema
  .pick({
    ...{ size: true, hwaccel: true, engine: true, device: true, precision: true, openvino: true },
    ...{ workers: true, threads: true },
  })
  .extend({
    input: text,
    style: text,
    strength: numberBetween(0, 1).optional(),
    keepColors: flag.optional(),
    steady: flag.optional(),
    listen: flag.optional(),
    inputFormat: text.optional(),
    latencyMs: numberBetween(100, 10_000).optional(),
    fps: numberBetween(1, 120).optional(),
    bitrateKbps: numberBetween(50, 200_000).optional(),
    preset: text.optional(),
    record: text.regex(recordable, 'give a file that ends in .mkv, .mp4, .mov, .flv or .ts').optional(),
    slate: text.optional(),
    console: z.object({ port: wholeBetween(0, 65_535), host: text.optional() }).optional(),
  });

/** Protocols of FFmpeg's that streams come by. */
const inputProtocols = ['rtmp', 'rtmps', 'srt', 'rtsp', 'rtsps', 'http', 'https', 'udp', 'rtp', 'tcp'];

/** @throws VidstyleError `usage` naming the option, its value and what is allowed; addresses are never repeated */
export function checkLiveOptions(options: LiveOptions): void {
  checkOptions(schema, options);
  const { input, inputFormat } = options;
  const protocol = /^([a-z][a-z0-9+.-]*):\/\//i.exec(input)?.[1]?.toLowerCase();
  if (inputFormat === undefined && protocol !== undefined && !inputProtocols.includes(protocol))
    throw new VidstyleError(
      'usage',
      `Streams cannot be read by ${protocol}://: give a file or one of ${inputProtocols.join(', ')}.`,
    );
  if (options.output !== undefined) parseRtmp(options.output);
  if (options.listen && !/^rtmp:\/\//i.test(options.input))
    throw new VidstyleError('usage', 'Listening is for rtmp:// addresses, as rtmp://127.0.0.1:1935/live.');
  const hasOutlet = options.output ?? options.record ?? options.console;
  if (hasOutlet === undefined)
    throw new VidstyleError(
      'usage',
      'Say where the stream is to go: an RTMP address, --record or --console.',
    );
}
