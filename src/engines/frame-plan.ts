import type { FrameGeometry } from '../media/frames.js';
import type { ImageModel } from './image-model.js';
import type { ModelHints } from './model-hints.js';
import { tileAxis, tileFades } from './tiles.js';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a frame goes through a network: in one piece, or in tiles of one size. */
export interface FramePlan {
  /** What the network gives at once, at the input's size; it sees its margin more at every side. */
  readonly tile: Size;
  /** Corners of the tiles at the input's size, as rows of columns. */
  readonly columns: readonly PlannedAxisTile[];
  readonly rows: readonly PlannedAxisTile[];
}

/** One tile's place on one axis. */
export interface PlannedAxisTile {
  /** Where it starts, in input pixels. */
  readonly start: number;
  /** How much of it shows over the tile before, by output pixel. */
  readonly fade: Float32Array;
}

const defaultOverlap = 32;
/** Smaller tiles would consist of little but overlap. */
const smallestTile = 64;

/** Plans for whole frames where the network takes any size, unless hints, the model or `limit` say smaller. */
export function planFrame(
  model: ImageModel,
  frame: FrameGeometry,
  hints: ModelHints = {},
  limit: Size = square(hints.tile ?? model.defaultTile),
): FramePlan {
  const { multiple } = model;
  const border = 2 * model.margin;
  const fitting = (size: number): number => ceilTo(size + border, multiple) - border;
  const axis = (size: number, fixed: number | string, most: number): [number, PlannedAxisTile[]] => {
    const padded = fitting(Math.max(size, model.minimumSize));
    const tile = typeof fixed === 'number' ? fixed - border : Math.min(padded, fitting(most));
    const overlap = Math.min(hints.overlap ?? defaultOverlap, Math.floor(tile / 2));
    const tiles = tileAxis(padded, tile, overlap, multiple);
    const fades = tileFades(tiles, model.scale);
    return [tile, tiles.starts.map((start, i) => ({ start, fade: fades[i] ?? new Float32Array() }))];
  };
  const [width, columns] = axis(frame.width, model.input.width, limit.width);
  const [height, rows] = axis(frame.height, model.input.height, limit.height);
  return { tile: { width, height }, columns, rows };
}

/** The same with tiles of half the longer side; `undefined` where they would be too small or the model's size is fixed. */
export function smallerPlan(
  plan: FramePlan,
  model: ImageModel,
  frame: FrameGeometry,
  hints?: ModelHints,
): FramePlan | undefined {
  const { width, height } = plan.tile;
  const limit = width >= height ? { width: width / 2, height } : { width, height: height / 2 };
  const least = Math.max(smallestTile, model.minimumSize);
  if (Math.min(limit.width, limit.height) < Math.min(least, width, height)) return undefined;
  const smaller = planFrame(model, frame, hints, limit);
  const shrank = smaller.tile.width * smaller.tile.height < width * height;
  return shrank ? smaller : undefined;
}

/** Whether a frame takes more than one run of the network. */
export function isTiled(plan: FramePlan): boolean {
  return plan.columns.length > 1 || plan.rows.length > 1;
}

function square(side: number): Size {
  return { width: side, height: side };
}

function ceilTo(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
