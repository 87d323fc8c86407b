import type { Container } from './container.js';
import { holdsDisposition } from './container.js';
import { containerTakes, copyIdentity, describeAsAttachment, describeAsCopy } from './container-fit.js';
import * as av from './node-av.js';
import type { TextFormat } from './subtitle-text.js';
import { movTextHeader, textCodec, textFormat } from './subtitle-text.js';
import { describeStream } from './video-info.js';

/** How one stream of the input comes into the output. */
export interface StreamPlan {
  readonly input: av.Stream;
  /** Describes the output stream. */
  readonly describe: (output: av.Stream) => void;
  /** Set when the words of a text subtitle change their format. */
  readonly text: { readonly from: TextFormat; readonly to: TextFormat } | undefined;
  /** Whether the header holds all of it, so that no packets follow. */
  readonly inHeader: boolean;
}

/**
 * Plans how a stream is carried over: copied bit for bit where the container takes it, text subtitles converted where
 * it takes only another form of them, left out (undefined) with a notice where it has no place for it.
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
    return { input, describe, text: undefined, inHeader: true };
  }
  announceDispositions(input, container, notice);
  for (const keepTag of [true, false]) {
    const describe = (output: av.Stream): void => {
      describeAsCopy(input, output, container, keepTag);
    };
    if (await containerTakes(container, describe))
      return { input, describe, text: undefined, inHeader: false };
  }
  const converted = await planText(input, container);
  const { kind, codec, index } = describeStream(input);
  const name = `${kind} stream ${index} (${codec})`;
  if (converted?.text)
    notice(`The ${name} is converted to ${converted.text.to}: ${container.name} does not take it as it is.`);
  else notice(`The ${name} is left out: ${container.name} does not take it.`);
  return converted;
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
      return { input, describe, text: { from, to }, inHeader: false };
  }
  return undefined;
}

function describeAsText(input: av.Stream, output: av.Stream, container: Container, to: TextFormat): void {
  copyIdentity(input, output, container);
  output.codecpar.codecType = av.AVMEDIA_TYPE_SUBTITLE;
  output.codecpar.codecId = textCodec(to);
  if (to === 'mov_text') output.codecpar.extradata = movTextHeader();
}
