import { resizeBicubic } from './bicubic.js';
import { warpByFlow, type Flow } from './flow.js';
import { rgbToY } from './luma.js';
import { requireSameShape, toFloat, type Raster } from './raster.js';

// Looked up once, as in `flow.ts`.
const { max, min, sqrt } = Math;

/** τ, λ and θ of the papers; `warps` and `iterations` for each level of the pyramid. */
const parameters = { step: 0.25, data: 0.3, coupling: 0.3, warps: 5, iterations: 15, smallestSide: 16 };

/**
 * Estimates the optical flow between two frames, with total variation and the L1 norm of the brightness difference (TV-L1: Zach,
 * Pock, Bischof 2007; as described by Sánchez, Meinhardt-Llopis, Facciolo, IPOL 2013), from coarse to fine.
 *
 * Deviations: levels halve, reduced bicubically; a fixed number of iterations in place of a bound on the change.
 *
 * @param from RGB or grey, 0..255. @param to of the same shape
 * @returns for each pixel of `from` where it is in `to`
 * @throws VidstyleError `usage` if the two differ in shape
 */
export function estimateFlow(from: Raster, to: Raster): Flow {
  requireSameShape(from, to, 'Optical flow');
  const levels = [{ from: rgbToY(toFloat(from)), to: rgbToY(toFloat(to)) }];
  for (
    let finest = levels[0];
    finest && min(finest.from.width, finest.from.height) >= 2 * parameters.smallestSide;
    finest = levels[0]
  )
    levels.unshift({ from: resizeBicubic(finest.from, 0.5), to: resizeBicubic(finest.to, 0.5) });
  let flow: Flow | undefined;
  for (const level of levels) {
    const { width, height } = level.from;
    const start = flow ? enlarged(flow, width, height) : blank(width, height);
    flow = refine(level.from, level.to, start);
  }
  return flow ?? blank(from.width, from.height);
}

/** One level: linearises around the flow a few times, each time after fetching the second frame by it. */
function refine(from: Raster<Float32Array>, to: Raster<Float32Array>, start: Flow): Flow {
  const { width, height } = from;
  const pixels = width * height;
  const flow = { ...start, data: start.data.slice() };
  const second = withGradient(to);
  // Dual variables of both components of the flow: (x, y) of the first, (x, y) of the second.
  const dual = [0, 1, 2, 3].map(() => new Float32Array(pixels)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const auxiliary = new Float32Array(2 * pixels);
  const residual = new Float32Array(pixels);
  for (let warp = 0; warp < parameters.warps; warp++) {
    const warped = warpByFlow(second, flow).data;
    for (let i = 0; i < pixels; i++) {
      const [value, x, y] = [
        warped[3 * i] as number,
        warped[3 * i + 1] as number,
        warped[3 * i + 2] as number,
      ];
      residual[i] = value - x * (flow.data[2 * i] as number) - y * (flow.data[2 * i + 1] as number) - (from.data[i] as number); // prettier-ignore
    }
    for (let iteration = 0; iteration < parameters.iterations; iteration++) {
      matchBrightness(flow.data, warped, residual, auxiliary);
      for (const component of [0, 1] as const) {
        const [dualX, dualY] = component === 0 ? [dual[0], dual[1]] : [dual[2], dual[3]];
        addDivergence(flow, auxiliary, component, dualX, dualY);
        ascend(flow, component, dualX, dualY);
      }
    }
  }
  return flow;
}

/** The data term's minimiser near the flow: a soft threshold along the gradient (IPOL, eq. 12). */
function matchBrightness(
  flow: Float32Array,
  warped: Float32Array,
  residual: Float32Array,
  into: Float32Array,
): void {
  const limit = parameters.data * parameters.coupling;
  for (let i = 0; i < residual.length; i++) {
    const [x, y] = [warped[3 * i + 1] as number, warped[3 * i + 2] as number];
    const [u, v] = [flow[2 * i] as number, flow[2 * i + 1] as number];
    const size = x * x + y * y;
    const rho = (residual[i] as number) + x * u + y * v;
    const bound = limit * size;
    const factor = rho < -bound ? limit : rho > bound ? -limit : size > 1e-9 ? -rho / size : 0;
    into[2 * i] = u + factor * x;
    into[2 * i + 1] = v + factor * y;
  }
}

/** u = v + θ·div p, with backward differences. */
function addDivergence(
  { width, height, data }: Flow,
  from: Float32Array,
  component: 0 | 1,
  dualX: Float32Array,
  dualY: Float32Array,
): void {
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? (dualX[i - 1] as number) : 0;
      const above = y > 0 ? (dualY[i - width] as number) : 0;
      const divergence =
        (x < width - 1 ? (dualX[i] as number) : 0) -
        left +
        (y < height - 1 ? (dualY[i] as number) : 0) -
        above;
      data[2 * i + component] = (from[2 * i + component] as number) + parameters.coupling * divergence;
    }
  }
}

/** p = (p + τ/θ·∇u) / (1 + τ/θ·|∇u|), with forward differences. */
function ascend(
  { width, height, data }: Flow,
  component: 0 | 1,
  dualX: Float32Array,
  dualY: Float32Array,
): void {
  const rate = parameters.step / parameters.coupling;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = data[2 * i + component] as number;
      const right = x < width - 1 ? (data[2 * (i + 1) + component] as number) - value : 0;
      const down = y < height - 1 ? (data[2 * (i + width) + component] as number) - value : 0;
      const shrink = 1 + rate * sqrt(right * right + down * down);
      dualX[i] = ((dualX[i] as number) + rate * right) / shrink;
      dualY[i] = ((dualY[i] as number) + rate * down) / shrink;
    }
  }
}

/** Three channels: the picture and its central differences, right and down. */
function withGradient({ width, height, data }: Raster<Float32Array>): Raster<Float32Array> {
  const result = new Float32Array(3 * data.length);
  const at = (x: number, y: number): number =>
    data[min(max(y, 0), height - 1) * width + min(max(x, 0), width - 1)] as number;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      result[i] = at(x, y);
      result[i + 1] = (at(x + 1, y) - at(x - 1, y)) / 2;
      result[i + 2] = (at(x, y + 1) - at(x, y - 1)) / 2;
    }
  }
  return { width, height, channels: 3, data: result };
}

/** The flow of the level below, on a grid twice as fine. */
function enlarged(flow: Flow, width: number, height: number): Flow {
  const resized = resizeBicubic(flow, { width, height });
  const factors = [width / flow.width, height / flow.height];
  return { ...resized, data: resized.data.map((value, i) => value * (factors[i % 2] as number)) };
}

function blank(width: number, height: number): Flow {
  return { width, height, channels: 2, data: new Float32Array(2 * width * height) };
}
