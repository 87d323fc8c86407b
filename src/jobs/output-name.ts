import { basename, extname } from 'node:path';

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
  // What is on the network gets a file here.
  const isUrl = /^[a-z][a-z0-9+]+:\/\//i.test(input);
  const path = isUrl ? basename(new URL(input).pathname) || 'stream' : input;
  const ending = extname(path);
  const stem = ending === '' ? path : path.slice(0, -ending.length);
  return `${stem}.${label}${ending === '' ? '.mp4' : writtenEnding(ending)}`;
}

/** The ending that a result has whose source ends so. */
export function writtenEnding(ending: string): string {
  return writtenAs[ending.toLowerCase()] ?? ending;
}
