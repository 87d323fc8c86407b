import { VidstyleError } from '../errors.js';
import type { Flow } from './flow.js';
import type { Raster } from './raster.js';

// Looked up once, as in `flow.ts`.
const { floor, min, round } = Math;

/** How a camera moves over a photograph, from one frame to the next. */
export interface CameraMove {
  /** Pixels to the right. */
  readonly panX?: number;
  /** Pixels down. */
  readonly panY?: number;
  /** Factor by which what is seen grows. */
  readonly zoom?: number;
  /** Degrees that the camera turns clockwise; the picture turns the other way. */
  readonly turn?: number;
}

/** A camera that films a photograph: its frames, and the exact flow between them. */
export interface CameraFlight {
  readonly frames: readonly Raster<Uint8Array>[];
  /** From frame i to frame i + 1. */
  readonly flows: readonly Flow[];
  /** 1 where a pixel of frame i is in frame i + 1, too; else 0. */
  readonly visible: readonly Raster<Uint8Array>[];
}

/** The frames of a camera. */
export interface Film {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly frames: number;
  /**
   * Pixels of the photograph to one of a frame; default 1. At 2 and above all frames are equally sharp, as a camera's are, where
   * at 1 those that lie between pixels are blurred by interpolation.
   */
  readonly scale?: number;
}

/**
 * Films a photograph: each frame is a view of `width` × `height` of it, and where each pixel goes is known exactly, since the move
 * is a similarity of the plane. The first view is of the middle; the photograph must be large enough for all of them.
 *
 * @throws VidstyleError `usage` if a view reaches beyond the photograph
 */
export function filmPhotograph(photo: Raster<Uint8Array>, film: Film, move: CameraMove): CameraFlight {
  const { width, height, frames } = film;
  const views = Array.from({ length: frames }, (_, i) => viewAt(photo, film, move, i));
  const flows = views.slice(1).map((next, i) => flowBetween(views[i] ?? next, next, width, height));
  return {
    frames: views.map((view) => look(photo, view, width, height)),
    flows,
    visible: flows.map(staysInside),
  };
}

/** A similarity: pixel (x, y) of the view shows the photograph at `origin + x·(a, b) + y·(−b, a)`. */
interface View {
  readonly originX: number;
  readonly originY: number;
  readonly a: number;
  readonly b: number;
}

function viewAt(photo: Raster, film: Film, move: CameraMove, frame: number): View {
  const { width, height, scale: full = 1 } = film;
  const { panX = 0, panY = 0, zoom = 1, turn = 0 } = move;
  const scale = full * zoom ** -frame;
  const angle = (turn * frame * Math.PI) / 180;
  const [a, b] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  return {
    originX: (photo.width - 1) / 2 + panX * frame * full - (a * middleX - b * middleY),
    originY: (photo.height - 1) / 2 + panY * frame * full - (b * middleX + a * middleY),
    a,
    b,
  };
}

function flowBetween(from: View, to: View, width: number, height: number): Flow {
  const data = new Float32Array(width * height * 2);
  const size = to.a ** 2 + to.b ** 2;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 2) {
      const offX = from.originX + x * from.a - y * from.b - to.originX;
      const offY = from.originY + x * from.b + y * from.a - to.originY;
      data[i] = (offX * to.a + offY * to.b) / size - x;
      data[i + 1] = (offY * to.a - offX * to.b) / size - y;
    }
  }
  return { width, height, channels: 2, data };
}

/** The mean of four points of each pixel, which are interpolated bilinearly; one point where pixels are of one size. */
function look(photo: Raster<Uint8Array>, view: View, width: number, height: number): Raster<Uint8Array> {
  const { originX, originY, a, b } = view;
  const offsets = a ** 2 + b ** 2 > 1.5 ** 2 ? [-0.25, 0.25] : [0];
  const sums = new Float32Array(width * height * 3);
  for (const offsetY of offsets)
    for (const offsetX of offsets)
      for (let y = offsetY, at = 0; y < height - 0.5; y++)
        for (let x = offsetX; x < width - 0.5; x++, at += 3)
          addSample(photo, originX + x * a - y * b, originY + x * b + y * a, sums, at);
  const points = offsets.length ** 2;
  return { width, height, channels: 3, data: Uint8Array.from(sums, (sum) => round(sum / points)) };
}

function addSample(photo: Raster<Uint8Array>, x: number, y: number, into: Float32Array, at: number): void {
  requireInside(photo, x, y);
  const stride = photo.width * 3;
  const [left, top] = [min(floor(x), photo.width - 2), min(floor(y), photo.height - 2)];
  const [partX, partY] = [x - left, y - top];
  for (let channel = 0; channel < 3; channel++) {
    const from = top * stride + left * 3 + channel;
    const sample = (offset: number): number => photo.data[from + offset] as number;
    const upper = sample(0) * (1 - partX) + sample(3) * partX;
    const lower = sample(stride) * (1 - partX) + sample(stride + 3) * partX;
    into[at + channel] = (into[at + channel] as number) + upper * (1 - partY) + lower * partY;
  }
}

function requireInside({ width, height }: Raster, x: number, y: number): void {
  const tolerance = 1e-6; // of the arithmetic
  if (x >= -tolerance && y >= -tolerance && x <= width - 1 + tolerance && y <= height - 1 + tolerance) return;
  throw new VidstyleError('usage', 'The camera leaves the photograph: it is too small for the move.');
}

function staysInside({ width, height, data }: Flow): Raster<Uint8Array> {
  const visible = new Uint8Array(width * height).map((_, pixel) => {
    const x = (pixel % width) + (data[2 * pixel] as number);
    const y = floor(pixel / width) + (data[2 * pixel + 1] as number);
    return x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1 ? 1 : 0;
  });
  return { width, height, channels: 1, data: visible };
}
