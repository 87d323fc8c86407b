import { basename } from 'node:path';
import { openVideo } from '../media/index.js';
import { filmPhotograph, type CameraMove } from '../metrics/camera-move.js';
import { visibleMask, type Flow } from '../metrics/flow.js';
import { estimateFlow } from '../metrics/optical-flow.js';
import type { Raster } from '../metrics/raster.js';
import { mean } from './spread.js';
import { warpingError } from '../metrics/warping-error.js';
import { toFloat } from '../metrics/raster.js';
import { mulberry32 } from '../nets/weights.js';
import { readPixels, type Pixels } from '../training/photos.js';
import { readPictures } from './clip-frames.js';

/** Consecutive frames with the motion between them, on which steadiness is measured. */
export interface Shot {
  /** What moves: shots of the same name are averaged. */
  readonly name: string;
  readonly frames: readonly Raster<Uint8Array>[];
  /** From frame i to frame i + 1. */
  readonly flows: readonly Flow[];
  /** 1 where both see the same. */
  readonly visible: readonly Raster<Uint8Array>[];
}

interface ShotSize {
  /** Short side of the frames, pixels. */
  readonly size: number;
  readonly frames: number;
}

/** Made-up moves whose flow is known, from one frame to the next. */
const moves: Readonly<Record<string, CameraMove>> = {
  pan: { panX: 2.5, panY: 1 },
  zoom: { zoom: 1.01 },
  rotation: { turn: 0.5 },
};

/** Pixels of the photograph to one of a frame. */
const scale = 2;

/** Standard deviation of a camera's noise, of 255. */
const noise = 4;

/** A camera over a photograph: moves whose flow is known exactly, and one that stands still but is noisy. */
export async function filmShots(photo: string, { size, frames }: ShotSize): Promise<Shot[]> {
  const margin = 1.02 + (6 * frames) / size; // what the moves need
  const shortSide = Math.ceil(size * margin * scale);
  const whole = asRaster(await readPixels(photo, { shortSide }));
  const wide = Math.floor(whole.width / margin / scale);
  const high = Math.floor(whole.height / margin / scale);
  const film = {
    width: Math.min(wide, Math.round((4 * size) / 3)),
    height: Math.min(high, Math.round((4 * size) / 3)),
    frames,
    scale,
  };
  const still = filmPhotograph(whole, film, {});
  return [
    { ...still, name: 'still, noisy', frames: still.frames.map((frame, i) => withNoise(frame, i)) },
    ...Object.entries(moves).map(([name, move]) => ({ name, ...filmPhotograph(whole, film, move) })),
  ];
}

/** The first frames of a real clip, with the flow that is estimated between them and masks of what is occluded. */
export async function readShot(clip: string, { size, frames }: ShotSize): Promise<Shot> {
  const probe = await openVideo(clip);
  const { width, height } = probe.geometry;
  await probe.close();
  const reduction = Math.min(1, size / Math.min(width, height));
  const even = (side: number): number => 2 * Math.round((side * reduction) / 2);
  const pictures = await readPictures(clip, { limit: frames, size: { width: even(width), height: even(height) } }); // prettier-ignore
  const pairs = pictures.slice(1).map((next, i) => {
    const frame = pictures[i] ?? next;
    return { flow: estimateFlow(frame, next), back: estimateFlow(next, frame) };
  });
  return {
    name: basename(clip),
    frames: pictures,
    flows: pairs.map(({ flow }) => flow),
    visible: pairs.map(({ flow, back }) => visibleMask(flow, back)),
  };
}

/** Mean warping error of a shot's frames as they were restyled, by the motion of the shot as it was. */
export function unsteadiness(frames: readonly Raster<Uint8Array>[], { flows, visible }: Shot): number {
  const floats = frames.map((frame) => toFloat(frame));
  const errors = floats.slice(1).map((next, i) => {
    const [frame, flow, mask] = [floats[i], flows[i], visible[i]];
    return frame && flow && mask ? warpingError(frame, next, flow, mask) : NaN;
  });
  return mean(errors);
}

/** Adds noise, roughly normal: the sum of four dice. */
function withNoise(frame: Raster<Uint8Array>, seed: number): Raster<Uint8Array> {
  const random = mulberry32(seed + 1);
  const dice = (): number => random() + random() + random() + random() - 2;
  const data = frame.data.map((value) =>
    Math.min(255, Math.max(0, Math.round(value + dice() * Math.sqrt(3) * noise))),
  );
  return { ...frame, data };
}

function asRaster({ width, height, data }: Pixels): Raster<Uint8Array> {
  return { width, height, channels: 3, data };
}
