/** Value and gradient of a function at a point. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float32Array;
}

export interface LbfgsOptions {
  readonly iterations: number;
  /** Steps remembered for the curvature estimate. */
  readonly memory: number;
  /** Box that every coordinate is kept in after each step. */
  readonly bounds?: readonly [low: number, high: number];
  /** Called after each iteration (counted from 1); a rejected promise ends the optimisation. */
  readonly onIteration?: (iteration: number, value: number) => void | Promise<void>;
}

/**
 * Limited-memory BFGS (Nocedal and Wright, *Numerical Optimization*, algorithm 7.4) with backtracking under the Armijo condition and
 * projection onto the bounds; steps whose curvature is not positive are forgotten. `point` is changed in place.
 *
 * @returns the value reached
 */
export async function lbfgs(
  evaluate: (point: Float32Array) => Evaluation,
  point: Float32Array,
  { iterations, memory, bounds, onIteration }: LbfgsOptions,
): Promise<number> {
  const history: { s: Float32Array; y: Float32Array; rho: number }[] = [];
  let current = evaluate(point);
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const direction = negativeInverseHessianTimes(current.gradient, history);
    let slope = dot(direction, current.gradient);
    if (slope >= 0) {
      history.length = 0; // no descent: start anew from the gradient
      direction.set(current.gradient.map((g) => -g));
      slope = -dot(current.gradient, current.gradient);
    }
    // The first step knows no scale yet: move the largest coordinate by one.
    let step = history.length > 0 ? 1 : 1 / largest(direction);
    let next: Evaluation | undefined;
    let moved = point;
    for (let halvings = 0; halvings < 12; halvings++, step /= 2) {
      moved = project(point, direction, step, bounds);
      const tried = evaluate(moved);
      if (tried.value <= current.value + 1e-4 * step * slope) {
        next = tried;
        break;
      }
    }
    if (!next) {
      if (history.length === 0) break; // not even along the gradient: this is as low as it gets
      history.length = 0;
      iteration--;
      continue;
    }
    const [from, to] = [current.gradient, next.gradient];
    const s = point.map((value, i) => (moved[i] ?? 0) - value);
    const y = from.map((value, i) => (to[i] ?? 0) - value);
    const curvature = dot(s, y);
    if (curvature > 1e-10 * dot(y, y)) history.push({ s, y, rho: 1 / curvature });
    if (history.length > memory) history.shift();
    point.set(moved);
    current = next;
    await onIteration?.(iteration, current.value);
  }
  return current.value;
}

/** The two-loop recursion: −H·g from the remembered steps. */
function negativeInverseHessianTimes(
  gradient: Float32Array,
  history: readonly { s: Float32Array; y: Float32Array; rho: number }[],
): Float32Array {
  const q = gradient.slice();
  const alphas: number[] = [];
  for (const { s, y, rho } of [...history].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.push(alpha);
    addScaled(q, y, -alpha);
  }
  const last = history.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1;
  q.forEach((value, i) => (q[i] = value * scale));
  for (const { s, y, rho } of history) addScaled(q, s, (alphas.pop() ?? 0) - rho * dot(y, q));
  return q.map((value) => -value);
}

function project(
  point: Float32Array,
  direction: Float32Array,
  step: number,
  bounds: LbfgsOptions['bounds'],
): Float32Array {
  const [low, high] = bounds ?? [-Infinity, Infinity];
  return point.map((value, i) => Math.min(high, Math.max(low, value + step * (direction[i] ?? 0))));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function addScaled(to: Float32Array, from: Float32Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] ?? 0) + factor * (from[i] ?? 0);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
}
