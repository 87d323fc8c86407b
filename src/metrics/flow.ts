import { VidstyleError } from '../errors.js';
import type { Raster } from './raster.js';

// Looked up once: where modules run in a context of their own, as in Jest, each use of a global takes a microsecond.
const { floor, max, min } = Math;

/**
 * Optical flow: two channels, right and down in pixels. The flow from frame A to frame B says for each pixel of A
 * where it is in B.
 */
export type Flow = Raster<Float32Array>;

/**
 * Fetches, for each pixel of frame A, what `flow` (A to B) points at in frame B: `B(x + dx, y + dy)`, bilinear,
 * positions outside held at the edge.
 *
 * @throws VidstyleError `usage` if the flow is not of the picture's size with two channels
 */
export function warpByFlow(picture: Raster, flow: Flow): Raster<Float32Array> {
  requireFlow(picture, flow);
  const { width, height, channels, data } = picture;
  const warped = new Float32Array(data.length);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const fromX = clamp(x + (flow.data[2 * pixel] as number), width - 1);
      const fromY = clamp(y + (flow.data[2 * pixel + 1] as number), height - 1);
      const left = min(floor(fromX), max(width - 2, 0));
      const top = min(floor(fromY), max(height - 2, 0));
      const right = width > 1 ? channels : 0;
      const down = height > 1 ? width * channels : 0;
      for (let channel = 0; channel < channels; channel++) {
        const at = (top * width + left) * channels + channel;
        const upper = mix(data[at] as number, data[at + right] as number, fromX - left);
        const lower = mix(data[at + down] as number, data[at + down + right] as number, fromX - left);
        warped[pixel * channels + channel] = mix(upper, lower, fromY - top);
      }
    }
  }
  return { width, height, channels, data: warped };
}

/**
 * Which pixels of frame A can be compared with frame B: 1 where visible in both, 0 where the flow there and back
 * disagree (occlusion) or change abruptly (motion boundary). Conditions of Sundaram et al. 2010 as used by
 * Ruder et al. (arXiv 1604.08610, section 4.2) and Lai et al.; pixels that leave the frame are taken out as well.
 *
 * @param forward flow from A to B. @param backward flow from B to A.
 * @throws VidstyleError `usage` if the two are not flows of one size
 */
export function visibleMask(forward: Flow, backward: Flow): Raster<Uint8Array> {
  requireFlow(forward, backward);
  const { width, height } = forward;
  const back = warpByFlow(backward, forward).data;
  const there = forward.data;
  const mask = new Uint8Array(width * height);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const u = there[2 * pixel] as number;
      const v = there[2 * pixel + 1] as number;
      const backU = back[2 * pixel] as number;
      const backV = back[2 * pixel + 1] as number;
      const length = u ** 2 + v ** 2;
      const returns = (u + backU) ** 2 + (v + backV) ** 2 <= 0.01 * (length + backU ** 2 + backV ** 2) + 0.5;
      const smooth = changeAround(forward, x, y) <= 0.01 * length + 0.002;
      const stays = x + u >= 0 && x + u <= width - 1 && y + v >= 0 && y + v <= height - 1;
      mask[pixel] = returns && smooth && stays ? 1 : 0;
    }
  }
  return { width, height, channels: 1, data: mask };
}

/** Squared forward differences of the flow, right and down, both components. */
function changeAround({ width, height, data }: Flow, x: number, y: number): number {
  const at = 2 * (y * width + x);
  const right = x + 1 < width ? at + 2 : at;
  const below = y + 1 < height ? at + 2 * width : at;
  const difference = (a: number, b: number) => ((data[a] as number) - (data[b] as number)) ** 2;
  return (
    difference(at, right) +
    difference(at + 1, right + 1) +
    difference(at, below) +
    difference(at + 1, below + 1)
  );
}

function requireFlow(picture: Raster, flow: Flow): void {
  if (flow.channels === 2 && flow.width === picture.width && flow.height === picture.height) return;
  throw new VidstyleError(
    'usage',
    `A flow of ${String(flow.width)}×${String(flow.height)}×${String(flow.channels)} does not belong to a picture of ` +
      `${String(picture.width)}×${String(picture.height)}: it needs that size and two channels.`,
  );
}

function clamp(value: number, highest: number): number {
  return min(max(value, 0), highest);
}

function mix(a: number, b: number, part: number): number {
  return a + (b - a) * part;
}
