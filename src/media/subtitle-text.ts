import * as av from './node-av.js';

/** The text subtitle formats that can be turned into each other, by FFmpeg's codec. */
export type TextFormat = 'subrip' | 'ass' | 'mov_text' | 'webvtt' | 'text';

const formats: ReadonlyMap<av.AVCodecID, TextFormat> = new Map([
  [av.AV_CODEC_ID_SUBRIP, 'subrip'],
  [av.AV_CODEC_ID_ASS, 'ass'],
  [av.AV_CODEC_ID_MOV_TEXT, 'mov_text'],
  [av.AV_CODEC_ID_WEBVTT, 'webvtt'],
  [av.AV_CODEC_ID_TEXT, 'text'],
]);

/** The text format of a codec; undefined for pictures of text (PGS, DVD) and everything else. */
export function textFormat(codec: av.AVCodecID): TextFormat | undefined {
  return formats.get(codec);
}

/** FFmpeg's codec of a text format. */
export function textCodec(format: TextFormat): av.AVCodecID {
  for (const [codec, name] of formats) if (name === format) return codec;
  throw new Error(`unreachable: ${format} is in the table`);
}

/**
 * Turns one subtitle from one format into another: the words and line breaks stay, positions and styles that the
 * target lacks go. Undefined for a packet without words, which only clears the screen.
 */
export function convertSubtitle(data: Buffer, from: TextFormat, to: TextFormat): Buffer | undefined {
  const text = decode(data, from);
  return text.trim() === '' ? undefined : encode(text, to);
}

/** Words with line feeds and the simple tags `<i>`, `<b>`, `<u>`. */
function decode(data: Buffer, from: TextFormat): string {
  switch (from) {
    case 'mov_text':
      return data.length < 2 ? '' : data.subarray(2, 2 + data.readUInt16BE(0)).toString('utf8');
    case 'ass':
      return decodeAss(data.toString('utf8'));
    case 'webvtt':
      return data
        .toString('utf8')
        .replace(/<(?!\/?[ibu]>)[^>]*>/g, '')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&');
    default:
      return data.toString('utf8').replaceAll('\r\n', '\n');
  }
}

// "ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text"
function decodeAss(event: string): string {
  const text = /^(?:[^,]*,){8}([^]*)$/.exec(event)?.[1] ?? event;
  return text
    .replace(/\{\\([ibu])1\}/g, '<$1>')
    .replace(/\{\\([ibu])0\}/g, '</$1>')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\\[Nn]/g, '\n')
    .replaceAll('\\h', '\u00a0');
}

function encode(text: string, to: TextFormat): Buffer {
  switch (to) {
    case 'mov_text': {
      const words = Buffer.from(stripTags(text), 'utf8');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Math.min(words.length, 0xffff));
      return Buffer.concat([length, words.subarray(0, 0xffff)]);
    }
    case 'webvtt':
      return Buffer.from(
        text
          .replaceAll('&', '&amp;')
          .replace(/<(?!\/?[ibu]>)/g, '&lt;')
          .replace(/\n\n+/g, '\n'),
        'utf8',
      );
    case 'text':
      return Buffer.from(stripTags(text), 'utf8');
    default:
      return Buffer.from(text, 'utf8');
  }
}

function stripTags(text: string): string {
  return text.replace(/<\/?(i|b|u|font)\b[^>]*>/gi, '');
}

/**
 * The sample description that MP4 text subtitles need (3GPP TS 26.245 `tx3g` without its box header): white words,
 * centred at the bottom, in a sans-serif font.
 */
export function movTextHeader(): Buffer {
  return Buffer.from([
    ...[0, 0, 0, 0], // display flags
    ...[1, 0xff], // centred, bottom
    ...[0, 0, 0, 0], // background: transparent
    ...[0, 0, 0, 0, 0, 0, 0, 0], // text box: the whole picture
    ...[0, 0, 0, 0, 0, 1, 0, 16, 0xff, 0xff, 0xff, 0xff], // style: all characters, font 1, 16 points, white
    ...[0, 0, 0, 18, 0x66, 0x74, 0x61, 0x62, 0, 1, 0, 1, 5, 0x53, 0x65, 0x72, 0x69, 0x66], // font table: "Serif"
  ]);
}
