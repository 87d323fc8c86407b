import { readFile } from 'node:fs/promises';
import type { ModelHints } from '../engines/model-hints.js';
import { messageOf, VidstyleError } from '../errors.js';
import { withStreamKey } from '../live/addresses.js';
import type { ConsoleOptions } from '../live/console/options.js';
import { LiveSession } from '../live/session.js';
import type { LiveStatus } from '../live/status.js';
import { formatSeconds } from './format.js';
import type { LiveFlags } from './live.js';

/** A live stream as the command line asks for it. */
export interface LiveCommand {
  readonly input: string;
  readonly output: string | undefined;
  readonly flags: LiveFlags;
  readonly hints: ModelHints;
  readonly signal: AbortSignal;
}

/** Runs a live stream until Ctrl-C, or the end of a file, and says how it is doing. */
export async function runLiveCommand({ input, output, flags, hints, signal }: LiveCommand): Promise<void> {
  if (flags.style === undefined)
    throw new VidstyleError('usage', 'Name a style with --style; "vidstyle styles" lists them.');
  const { quiet = false } = flags;
  const say = (sentence: string): void => {
    if (!quiet) process.stderr.write(`${sentence}\n`);
  };
  const session = new LiveSession({
    ...wishesOf(flags),
    style: flags.style,
    input,
    output: output === undefined ? undefined : withStreamKey(output, await streamKeyOf(flags)),
    console: await consoleOf(flags),
    hints,
    onNotice: say,
    signal,
  });
  const timer = setInterval(() => {
    if (session.startedMs !== undefined) say(describeStatus(session.status));
  }, lineEveryMs);
  try {
    await session.run();
  } finally {
    clearInterval(timer);
  }
}

const lineEveryMs = 10_000;

function wishesOf(flags: LiveFlags) {
  const { strength, keepColors, steady, listen, inputFormat, latencyMs, size, fps, bitrate, preset } = flags;
  const { record, slate, hwaccel, engine, device, precision, openvino, workers, threads } = flags;
  const look = { strength, keepColors, steady };
  const sending = { latencyMs, size, fps, bitrateKbps: bitrate, preset, record, slate };
  const running = { hwaccel, engine, device, precision, openvino, workers, threads };
  return { ...look, ...sending, ...running, listen, inputFormat };
}

/** From the argument, the file or the environment, in this order. */
async function streamKeyOf({ streamKey, streamKeyFile }: LiveFlags): Promise<string | undefined> {
  if (streamKey !== undefined) return streamKey;
  if (streamKeyFile !== undefined) return readSecret(streamKeyFile, '--stream-key-file');
  return process.env['VIDSTYLE_STREAM_KEY'];
}

async function consoleOf(flags: LiveFlags): Promise<ConsoleOptions | undefined> {
  const { console: port, consoleHost: host, consoleTokenFile: file } = flags;
  if (port === undefined) return undefined;
  const token =
    file === undefined
      ? process.env['VIDSTYLE_CONSOLE_TOKEN']
      : await readSecret(file, '--console-token-file');
  return { port, host, token };
}

async function readSecret(path: string, option: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new VidstyleError('usage', `${option} cannot be read: ${messageOf(cause)}.`, { cause });
  });
  const secret = text.trim();
  if (secret === '') throw new VidstyleError('usage', `${option} "${path}" is empty.`);
  return secret;
}

/** One line on how the stream is doing. */
export function describeStatus({ seconds, rates, totals, input, output }: LiveStatus): string {
  const { sentFps, restyledFps, delayMs } = rates;
  const parts = [
    `${formatSeconds(seconds)}: ${sentFps.toFixed(1)} fps sent, ${restyledFps.toFixed(1)} restyled`,
    `${totals.dropped} dropped`,
    delayMs === undefined ? 'no picture' : `${Math.round(delayMs)} ms delay`,
    ...(input === 'gone' ? ['input gone'] : []),
    ...(output === 'gone' ? ['output gone'] : []),
  ];
  return parts.join(', ');
}
