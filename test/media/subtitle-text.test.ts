import { describe, expect, it } from '@jest/globals';
import type { TextFormat } from '../../src/media/subtitle-text.js';
import { convertSubtitle } from '../../src/media/subtitle-text.js';

function movText(words: string): Buffer {
  const bytes = Buffer.from(words, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

describe('convertSubtitle', () => {
  it.each<[TextFormat, Buffer, TextFormat, Buffer]>([
    ['subrip', Buffer.from('<i>Grüße</i>\r\nzwei'), 'mov_text', movText('Grüße\nzwei')],
    ['mov_text', movText('終わり'), 'subrip', Buffer.from('終わり')],
    [
      'ass',
      Buffer.from('3,0,Default,,0,0,0,,{\\i1}One,{\\i0}{\\pos(1,2)} two\\Nthree'),
      'subrip',
      Buffer.from('<i>One,</i> two\nthree'),
    ],
    ['ass', Buffer.from('3,0,Default,,0,0,0,,{\\i1}One{\\i0}'), 'mov_text', movText('One')],
    ['subrip', Buffer.from('<b>1 < 2 & 3</b>'), 'webvtt', Buffer.from('<b>1 &lt; 2 &amp; 3</b>')],
    ['webvtt', Buffer.from('<v Ann>1 &lt; 2'), 'subrip', Buffer.from('1 < 2')],
  ])('turns %s into words of another format', (from, data, to, expected) => {
    expect(convertSubtitle(data, from, to)?.toString()).toBe(expected.toString());
  });

  it('ignores style boxes behind the words of mov_text', () => {
    expect(
      convertSubtitle(
        Buffer.concat([movText('Hi'), Buffer.from('\0\0\0\x08styl')]),
        'mov_text',
        'subrip',
      )?.toString(),
    ).toBe('Hi');
  });

  it('gives nothing for a packet that only clears the screen', () => {
    expect(convertSubtitle(movText(''), 'mov_text', 'subrip')).toBeUndefined();
    expect(convertSubtitle(Buffer.alloc(0), 'mov_text', 'subrip')).toBeUndefined();
  });
});
