import { runBatch, type BatchReport } from '../batch/batch.js';
import type { Board } from '../batch/board.js';
import { VidstyleError } from '../errors.js';
import { workOf, type BatchFlags } from './batch-options.js';
import { BatchDisplay } from './batch-display.js';
import { formatBytes, formatSeconds } from './format.js';

/** Runs a batch, shows how far it is, and says at the end what became of it. */
export async function runBatchCommand(
  archive: string,
  flags: BatchFlags,
  signal: AbortSignal,
): Promise<void> {
  const { out, filter, limit, order, onError, retries, jobs, segment, dryRun } = flags;
  const { device, hwaccel, threads } = flags;
  if (out === undefined) throw new VidstyleError('usage', 'Say where the results go: add --out FOLDER.');
  const work = workOf(flags);
  if (!work) throw new VidstyleError('usage', 'Say what to do: either --style NAME or --upscale 2.');
  const display = new BatchDisplay(flags.quiet ?? false);
  const board = await openBoardFor(flags);
  if (board) display.say(`The queue is shown at ${board.url}`);
  try {
    const report = await runBatch({
      ...{ archive, out, work, filter, limit, order, onError, retries, jobs, dryRun, signal },
      ...{ redis: flags.redis, redisCa: flags.redisCa },
      segmentSeconds: segment,
      settings: { device, hwaccel, threads },
      onProgress: (progress) => display.update(progress),
      onNotice: (sentence) => display.say(sentence),
    });
    display.close();
    if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else if (dryRun || !flags.quiet) process.stderr.write(`${describe(report).join('\n')}\n`);
    if (report.failures.length > 0) process.exitCode = 1;
  } finally {
    await board?.close();
    display.close();
  }
}

async function openBoardFor({ board, redis, redisCa, device }: BatchFlags): Promise<Board | undefined> {
  if (board === undefined) return undefined;
  if (redis === undefined) throw new VidstyleError('usage', 'There is a queue to show only with --redis.');
  const [, host, port = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(board) ?? [];
  if (port === '' || Number(port) > 65535)
    throw new VidstyleError('usage', `--board ${board}: give a port, or host:port.`);
  const { openBoard } = await import('../batch/board.js');
  const token = process.env['VIDSTYLE_BOARD_TOKEN'];
  return openBoard({ redis, redisCa, host, port: Number(port), token, devices: [device ?? 'cpu'] });
}

function describe({ files, skipped, done, failures, seconds, out, forecast }: BatchReport): string[] {
  if (!forecast) {
    const left = failures.length > 0 ? `, ${failures.length} failed (vidstyle batch status ${out})` : '';
    return [
      `${done} of ${files} files done in ${formatSeconds(seconds)}, ${skipped} were done already${left}.`,
    ];
  }
  const { tried, freeBytes, fits } = forecast;
  const free = freeBytes === undefined ? '' : `; ${formatBytes(freeBytes)} are free`;
  const takes =
    forecast.seconds === undefined || forecast.bytes === undefined
      ? 'Nothing could be tried.'
      : `They take about ${formatSeconds(forecast.seconds)} and ${formatBytes(forecast.bytes)}${free} (judged by ${tried ?? ''}).`; // prettier-ignore
  const todo = files - skipped - failures.length;
  return [
    `${files} files, ${skipped} done already, ${todo} to do.`,
    takes,
    ...(fits === false
      ? ['That is more than there is room for: the batch would wait for room on the way.']
      : []),
  ];
}
