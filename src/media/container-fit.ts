import { devNull } from 'node:os';
import type { Container } from './container.js';
import { heldLanguage } from './language.js';
import * as av from './node-av.js';

/**
 * Whether a container takes a stream as it is, found by writing a header with that stream alone into nothing: the
 * muxers decide by codec, tag, profile and their own rules, which no table would get right.
 */
export async function containerTakes(
  container: Container,
  describe: (stream: av.Stream) => void,
): Promise<boolean> {
  const format = new av.FormatContext();
  let opened = false;
  try {
    if (format.allocOutputContext2(container.format, container.name, devNull) < 0) return false;
    describe(format.newStream());
    opened = (await format.openOutput()) >= 0;
    return opened && (await format.writeHeader()) >= 0;
  } finally {
    if (opened) await format.closeOutput();
    format.freeContext();
  }
}

/** Describes an output stream as the input stream's unchanged packets need it. */
export function describeAsCopy(from: av.Stream, to: av.Stream, container: Container, keepTag: boolean): void {
  from.codecpar.copy(to.codecpar);
  if (!keepTag) to.codecpar.codecTag = 0;
  copyIdentity(from, to, container);
}

/** Describes cover art as Matroska holds it: an attached file. */
export function describeAsAttachment(
  from: av.Stream,
  to: av.Stream,
  container: Container,
  picture: Buffer,
): void {
  const { codecId } = from.codecpar;
  copyIdentity(from, to, container);
  to.codecpar.codecType = av.AVMEDIA_TYPE_ATTACHMENT;
  to.codecpar.codecId = codecId;
  to.codecpar.extradata = picture;
  const [ending, kind] = codecId === av.AV_CODEC_ID_MJPEG ? ['jpg', 'jpeg'] : ['png', 'png'];
  const names = { filename: `cover.${ending}`, mimetype: `image/${kind}` };
  to.metadata = av.Dictionary.fromObject({ ...names, ...from.metadata?.getAll() });
}

/** Copies what names a stream and says how to use it, whatever its codec. */
export function copyIdentity(from: av.Stream, to: av.Stream, container: Container): void {
  to.timeBase = from.timeBase;
  to.disposition = from.disposition;
  to.sampleAspectRatio = from.sampleAspectRatio;
  if (from.codecpar.codecType === av.AVMEDIA_TYPE_VIDEO) to.avgFrameRate = from.avgFrameRate;
  to.metadata = av.Dictionary.fromObject(streamMetadata(from.metadata?.getAll() ?? {}, container));
}

/**
 * A stream's metadata in the words of the output's container. MP4 calls a track's title `name` when it is read and
 * `title` when it is written, and has a handler name for every track that says nothing.
 */
export function streamMetadata(
  metadata: Readonly<Record<string, string>>,
  container: Container,
): Record<string, string> {
  const kept = Object.entries(metadata).filter(([key, value]) => {
    return (
      key !== 'name' &&
      (container.isoBased || key !== 'handler_name' || !/^(Video|Sound|Subtitle)Handler$/.test(value))
    );
  });
  const title = metadata['title'] ?? metadata['name'];
  const language = metadata['language'];
  return {
    ...Object.fromEntries(kept),
    ...(title !== undefined && { title }),
    ...(language !== undefined && { language: heldLanguage(language, container.name) }),
  };
}
