import { InvalidArgumentError } from 'commander';

/** A whole number from 1 up. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1 up.');
  return value;
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** A number from 0 up. */
export function notNegative(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number from 0 up.');
  return value;
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = notNegative(text);
  if (value > 1) throw new InvalidArgumentError('Give a number from 0 to 1.');
  return value;
}

/** Seconds: `90`, `1:30`, `0:01:30.5`. */
export function seconds(text: string): number {
  if (!/^(\d+:){0,2}\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('Give seconds, or h:mm:ss.');
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** `1280x720`. */
export function frameSize(text: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /^(\d+)[x×](\d+)$/.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw new InvalidArgumentError('Give a size like 1280x720.');
  return { width: Number(width), height: Number(height) };
}

/** `name=value`, gathered over repeated use. */
export function encoderOption(
  text: string,
  known: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give an option of the encoder as name=value.');
  return { ...known, [text.slice(0, at)]: text.slice(at + 1) };
}
