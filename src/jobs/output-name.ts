import { extname } from 'node:path';

// Inputs that are read but not written; the output is of the nearest kind that is.
const writtenAs: Readonly<Record<string, string>> = {
  '.tif': '.png',
  '.tiff': '.png',
  '.avif': '.png',
  '.gif': '.mp4',
  '.wmv': '.mkv',
  '.rm': '.mkv',
  '.rmvb': '.mkv',
};

/** The output's name where none was given: `clip.mp4`, `mosaic` → `clip.mosaic.mp4`. */
export function defaultOutput(input: string, label: string): string {
  const ending = extname(input);
  const stem = ending === '' ? input : input.slice(0, -ending.length);
  const written = writtenAs[ending.toLowerCase()] ?? (ending === '' ? '.mp4' : ending);
  return `${stem}.${label}${written}`;
}
