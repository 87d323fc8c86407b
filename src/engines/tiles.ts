/** One axis of a tile grid. */
export interface AxisTiles {
  /** Side of every tile. */
  readonly length: number;
  /** Where tiles start, ascending from 0; the last one ends where the axis does. */
  readonly starts: readonly number[];
}

/** The pixels at a tile's inner edge that are thrown away are this share of what two tiles have in common. */
const discardedShare = 3 / 8;

/**
 * Covers an axis with tiles that share at least `overlap` pixels, starts at multiples of `step` (a network with
 * strides sees the same grid in every tile). An axis that one tile covers gets one tile.
 */
export function tileAxis(size: number, tile: number, overlap: number, step: number): AxisTiles {
  if (size <= tile) return { length: tile, starts: [0] };
  const count = 1 + Math.ceil((size - tile) / (tile - overlap - (step - 1)));
  const even = (size - tile) / (count - 1);
  const starts = Array.from({ length: count }, (_, i) =>
    i === count - 1 ? size - tile : floorTo(i * even, step),
  );
  return { length: tile, starts };
}

/**
 * How much of each tile shows over the one before it, pixel by pixel along the axis at the output's size. Where two
 * overlap, three eighths of the overlap at each one's edge, which the network computed without seeing beyond it, do not
 * show, and over the quarter between them the earlier fades into the later. So a network whose receptive field reaches
 * no further than three eighths of the overlap gives exactly what it would on the whole frame.
 */
export function tileFades({ length, starts }: AxisTiles, scale: number): Float32Array[] {
  return starts.map((start, i) => {
    const weights = new Float32Array(length * scale).fill(1);
    const before = starts[i - 1];
    if (before === undefined) return weights;
    const shared = (before + length - start) * scale;
    const discarded = Math.ceil(shared * discardedShare);
    const faded = shared - 2 * discarded;
    weights.fill(0, 0, discarded);
    for (let k = 0; k < faded; k += 1) weights[discarded + k] = (k + 0.5) / faded;
    return weights;
  });
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
