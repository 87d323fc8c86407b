import type { Size } from './frame-plan.js';

/** How large a network's result is: `scale` times its picture without `margin` pixels at each border. */
export interface Enlargement {
  readonly scale: number;
  /** Pixels of the input that the result does not show, at each border: what convolutions without padding cut off (waifu2x). */
  readonly margin: number;
}

/** A picture's size, and that of what a network made of it. */
export interface Observed {
  readonly from: Size;
  readonly to: Size;
}

/** What two pictures of different sizes tell; `undefined` where it is no whole enlargement. */
export function enlargementBetween(small: Observed, large: Observed): Enlargement | undefined {
  return enlargementBy((large.to.width - small.to.width) / (large.from.width - small.from.width), small);
}

/** What one picture tells, where the network takes no other size: the smallest scale that is large enough. */
export function likelyEnlargement(seen: Observed): Enlargement | undefined {
  return enlargementBy(Math.ceil(seen.to.width / seen.from.width), seen);
}

function enlargementBy(scale: number, { from, to }: Observed): Enlargement | undefined {
  if (!Number.isInteger(scale) || scale < 1) return undefined;
  const margin = (from.width - to.width / scale) / 2;
  const isWhole = Number.isInteger(margin) && margin >= 0;
  return isWhole && to.height === scale * (from.height - 2 * margin) ? { scale, margin } : undefined;
}
