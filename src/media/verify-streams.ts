import type { Container } from './container.js';
import { chooseContainer, holdsDisposition } from './container.js';
import { heldLanguage } from './language.js';
import { readCovers } from './cover-art.js';
import type { Cut } from './cut.js';
import { wholeFile } from './cut.js';
import { openDemuxer } from './demuxer.js';
import type { VideoSource } from './open-video.js';
import type { StreamDigest } from './packet-digests.js';
import { digestPackets } from './packet-digests.js';
import type { CarryMethod } from './stream-plan.js';
import { closePlan, planStream } from './stream-plan.js';
import type { StreamInfo } from './video-info.js';
import type { VerifyRow } from './verify-row.js';
import { row } from './verify-row.js';

/** Compares the streams beside the video: which are there, their packets bit for bit, names and dispositions. */
export async function verifyStreams(
  input: VideoSource,
  output: VideoSource,
  copied: boolean,
): Promise<VerifyRow[]> {
  const plans = copied ? await planAll(input, output.path) : [];
  const videoAt = input.info.video.index;
  const order = [
    ...plans.filter((plan) => plan.index < videoAt),
    undefined,
    ...plans.filter((plan) => plan.index > videoAt),
  ];
  // A time code track repeats what the video stream says, and is made by the muxer.
  const streams = output.info.streams.filter(
    ({ kind, metadata }) => kind !== 'data' || !('timecode' in metadata),
  );
  const rows = [row('streams', order.length, streams.length)];
  const before = await digestPackets(input.path, new Set(plans.map((plan) => plan.index)), input.cut);
  const after = await digestPackets(output.path, new Set(streams.map((stream) => stream.index)), wholeFile);
  // Attached files come last in Matroska whatever their place was.
  const container = chooseContainer(output.path);
  const targets = matchStreams(order, streams);
  for (const [plan, target] of targets) {
    const source = input.info.streams[plan?.index ?? videoAt];
    if (!source || !target) continue;
    rows.push(...identityRows(source, target, container));
    const [from, to] = [plan && before.get(plan.index), after.get(target.index)];
    if (plan && from && to) rows.push(...packetRows(plan, from, to, input.cut));
  }
  return rows;
}

interface PlannedStream {
  readonly index: number;
  readonly method: CarryMethod['type'];
}

async function planAll(input: VideoSource, outputPath: string): Promise<PlannedStream[]> {
  const container = chooseContainer(outputPath);
  const demuxer = await openDemuxer(input.path);
  try {
    const covers = await readCovers(input.path);
    const plans: PlannedStream[] = [];
    for (const stream of demuxer.format.streams) {
      if (stream.index === input.info.video.index) continue;
      const plan = await planStream(stream, container, covers, () => undefined);
      if (!plan) continue;
      plans.push({ index: plan.input.index, method: plan.method.type });
      closePlan(plan);
    }
    return plans;
  } finally {
    await demuxer.close();
  }
}

type Match = readonly [PlannedStream | undefined, StreamInfo | undefined];

function matchStreams(
  order: readonly (PlannedStream | undefined)[],
  streams: readonly StreamInfo[],
): Match[] {
  const attached = (stream: StreamInfo): boolean =>
    stream.kind === 'attachment' || stream.dispositions.includes('attached_pic');
  const moving = streams.filter((stream) => !attached(stream));
  const fixed = streams.filter(attached);
  const inFile = (plan: PlannedStream | undefined): boolean => plan?.method === 'header';
  const first = order
    .filter((plan) => !inFile(plan))
    .map((plan, index): Match => [plan, [...moving, ...fixed][index]]);
  const last = order.filter(inFile).map((plan, index, all): Match => [plan, fixed.slice(-all.length)[index]]);
  return [...first, ...last];
}

function identityRows(source: StreamInfo, target: StreamInfo, container: Container): VerifyRow[] {
  const name = `${source.kind} ${source.index}`;
  const rows: VerifyRow[] = [];
  const language = source.metadata['language'];
  if (language !== undefined && language !== 'und')
    rows.push(
      row(`${name} language`, heldLanguage(language, container.name), target.metadata['language'] ?? 'none'),
    );
  const title = titleOf(source);
  if (title !== undefined) rows.push(row(`${name} title`, title, titleOf(target) ?? 'none'));
  const timecode = valueOf(source, 'timecode');
  if (timecode !== undefined)
    rows.push(row(`${name} time code`, timecode, valueOf(target, 'timecode') ?? 'none'));
  rows.push(dispositionRow(name, source, target, container));
  return rows;
}

function valueOf(stream: StreamInfo, key: string): string | undefined {
  return Object.entries(stream.metadata).find(([name]) => name.toLowerCase() === key)?.[1];
}

function titleOf(stream: StreamInfo): string | undefined {
  return stream.metadata['title'] ?? stream.metadata['name'];
}

/** MP4 marks the first track of each kind as the default where none is; other marks count where the container has them. */
function dispositionRow(
  name: string,
  source: StreamInfo,
  target: StreamInfo,
  container: Container,
): VerifyRow {
  const expected = source.dispositions.filter((flag) => holdsDisposition(container, flag));
  const marked = container.isoBased && !expected.includes('default');
  const actual = target.dispositions.filter(
    (flag) => holdsDisposition(container, flag) && !(marked && flag === 'default'),
  );
  return row(`${name} dispositions`, expected.join(', ') || 'none', actual.join(', ') || 'none');
}

function packetRows(plan: PlannedStream, before: StreamDigest, after: StreamDigest, cut: Cut): VerifyRow[] {
  const name = `stream ${plan.index}`;
  if (before.header !== undefined && after.header !== undefined)
    return [row(`${name} contents`, before.header, after.header)];
  if (plan.method === 'sound') return [soundRow(name, before, after, cut)];
  const inside = insideCut(before, cut);
  if (plan.method === 'text') return [row(`${name} subtitles`, inside.digests.length, after.digests.length)];
  const wrong = inside.digests.findIndex((digest, index) => digest !== after.digests[index]);
  const ok = wrong < 0 && inside.digests.length === after.digests.length;
  return [
    {
      property: `${name} packets`,
      expected: `${inside.digests.length} bit for bit`,
      actual: ok
        ? `${after.digests.length} bit for bit`
        : `${after.digests.length}, the first difference at ${wrong < 0 ? inside.digests.length : wrong}`,
      ok,
    },
    timesRow(name, inside.seconds, after.seconds),
  ];
}

/** Sound encoded anew has other packets, but must begin and end where the input's does, within a packet or two. */
function soundRow(name: string, before: StreamDigest, after: StreamDigest, cut: Cut): VerifyRow {
  const extent = (seconds: readonly number[]): [number, number] => [seconds[0] ?? NaN, seconds.at(-1) ?? NaN];
  const [expected, actual] = [extent(insideCut(before, cut).seconds), extent(after.seconds)];
  const text = ([from, to]: [number, number]): string => `${from.toFixed(2)} s to ${to.toFixed(2)} s`;
  const ok = Math.abs(expected[0] - actual[0]) < 0.1 && Math.abs(expected[1] - actual[1]) < 0.1;
  return { property: `${name} sound`, expected: text(expected), actual: text(actual), ok };
}

function timesRow(name: string, before: readonly number[], after: readonly number[]): VerifyRow {
  const worst = before.reduce(
    (most, time, index) => Math.max(most, Math.abs(time - (after[index] ?? time)) || 0),
    0,
  );
  return {
    property: `${name} times`,
    expected: 'within 1.5 ms',
    actual: `within ${(worst * 1000).toFixed(3)} ms`,
    ok: worst <= 0.0015,
  };
}

/** What a cut keeps of a stream: packets that begin inside it, and subtitles that are still shown when it begins. */
function insideCut(stream: StreamDigest, cut: Cut): Pick<StreamDigest, 'digests' | 'seconds'> {
  const start = cut.startMicroseconds === undefined ? undefined : Number(cut.startMicroseconds) / 1e6;
  const end = cut.endMicroseconds === undefined ? Infinity : Number(cut.endMicroseconds) / 1e6;
  const digests: string[] = [];
  const seconds: number[] = [];
  stream.digests.forEach((digest, index) => {
    const time = stream.seconds[index] ?? NaN;
    const last = stream.subtitle ? time + (stream.durations[index] ?? 0) : time;
    if (time >= end || (start !== undefined && time < start && !(last > start))) return;
    digests.push(digest);
    seconds.push(start === undefined ? time : Math.max(time, start) - start);
  });
  return { digests, seconds };
}
