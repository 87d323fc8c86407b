import type { Container } from './container.js';
import { holdsDisposition } from './container.js';
import { containerTakes, copyIdentity, describeAsAttachment, describeAsCopy } from './container-fit.js';
import * as av from './node-av.js';
import { SoundConverter } from './sound-converter.js';
import type { TextFormat } from './subtitle-text.js';
import { movTextHeader, textCodec, textFormat } from './subtitle-text.js';
import { describeStream } from './video-info.js';

/** How one stream of the input comes into the output. */
export interface StreamPlan {
  readonly input: av.Stream;
  /** Describes the output stream. */
  readonly describe: (output: av.Stream) => void;
  readonly method: CarryMethod;
}

/** What happens to a stream's packets on the way. */
export type CarryMethod =
  | { readonly type: 'copy' }
  /** The header holds all of the stream, so that no packets follow. */
  | { readonly type: 'header' }
  /** The words of a text subtitle change their format. */
  | { readonly type: 'text'; readonly from: TextFormat; readonly to: TextFormat }
  /** The sound is encoded anew; whoever holds the plan closes the converter. */
  | { readonly type: 'sound'; readonly converter: SoundConverter };

/**
 * Plans how a stream is carried over: copied bit for bit where the container takes it, text subtitles and
 * sound converted with a notice where it takes only another form of them, left out (undefined) with a notice where it
 * has no place for it.
 */
export async function planStream(
  input: av.Stream,
  container: Container,
  covers: ReadonlyMap<number, Buffer>,
  notice: (sentence: string) => void,
): Promise<StreamPlan | undefined> {
  if (isMadeByContainer(input)) return undefined;
  const picture = container.name === 'matroska' ? covers.get(input.index) : undefined;
  if (picture) {
    const describe = (output: av.Stream): void => {
      describeAsAttachment(input, output, container, picture);
    };
    return { input, describe, method: { type: 'header' } };
  }
  announceDispositions(input, container, notice);
  // WebM's muxer accepts attachments and then leaves them out.
  const dropped = container.name === 'webm' && input.codecpar.codecType === av.AVMEDIA_TYPE_ATTACHMENT;
  for (const keepTag of dropped ? [] : [true, false]) {
    const describe = (output: av.Stream): void => {
      describeAsCopy(input, output, container, keepTag);
    };
    if (await containerTakes(container, describe)) return { input, describe, method: { type: 'copy' } };
  }
  const converted = (await planText(input, container)) ?? (await planSound(input, container));
  announceConversion(input, container, converted?.method, notice);
  return converted;
}

/** Closes what a plan holds open. */
export function closePlan(plan: StreamPlan): void {
  if (plan.method.type === 'sound') plan.method.converter.close();
}

function announceConversion(
  input: av.Stream,
  container: Container,
  method: CarryMethod | undefined,
  notice: (sentence: string) => void,
): void {
  const { kind, codec, index } = describeStream(input);
  const name = `${kind} stream ${index} (${codec})`;
  const target =
    method?.type === 'text' ? method.to : method?.type === 'sound' ? method.converter.name : undefined;
  if (target === undefined) notice(`The ${name} is left out: ${container.name} does not take it.`);
  else notice(`The ${name} is converted to ${target}: ${container.name} does not take it as it is.`);
}

function announceDispositions(
  input: av.Stream,
  container: Container,
  notice: (sentence: string) => void,
): void {
  const { kind, index, dispositions } = describeStream(input);
  const lost = dispositions.filter((name) => name !== 'default' && !holdsDisposition(container, name));
  if (lost.length > 0)
    notice(
      `The ${kind} stream ${index} is not marked as ${lost.join(', ')}: ${container.name} has no such mark.`,
    );
}

/** Chapter and time code tracks of QuickTime files: the chapters and the `timecode` entry say the same. */
function isMadeByContainer(input: av.Stream): boolean {
  if (input.codecpar.codecType !== av.AVMEDIA_TYPE_DATA) return false;
  const tag = input.codecpar.codecTagString ?? '';
  return (tag === 'text' && input.codecpar.codecId === av.AV_CODEC_ID_BIN_DATA) || tag === 'tmcd';
}

async function planText(input: av.Stream, container: Container): Promise<StreamPlan | undefined> {
  const from = textFormat(input.codecpar.codecId);
  if (from === undefined) return undefined;
  for (const to of ['mov_text', 'subrip', 'webvtt'] as const) {
    const describe = (output: av.Stream): void => {
      describeAsText(input, output, container, to);
    };
    if (to !== from && (await containerTakes(container, describe)))
      return { input, describe, method: { type: 'text', from, to } };
  }
  return undefined;
}

async function planSound(input: av.Stream, container: Container): Promise<StreamPlan | undefined> {
  if (input.codecpar.codecType !== av.AVMEDIA_TYPE_AUDIO) return undefined;
  const converter = await SoundConverter.open(input, container);
  if (!converter) return undefined;
  const describe = (output: av.Stream): void => {
    copyIdentity(input, output, container);
    converter.describe(output);
  };
  return { input, describe, method: { type: 'sound', converter } };
}

function describeAsText(input: av.Stream, output: av.Stream, container: Container, to: TextFormat): void {
  copyIdentity(input, output, container);
  output.codecpar.codecType = av.AVMEDIA_TYPE_SUBTITLE;
  output.codecpar.codecId = textCodec(to);
  if (to === 'mov_text') output.codecpar.extradata = movTextHeader();
}
