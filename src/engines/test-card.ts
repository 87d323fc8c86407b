/** A small picture as values 0..1, RGB, height × width × 3. */
export interface TestCard {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * A picture with what photographs have (slow gradients, an edge, patches of colour, dark and light), by which a
 * network's conventions show: fed wrongly, the result does not look like it.
 */
export function testCard(width: number, height: number, { grey = false } = {}): TestCard {
  const values = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const u = x / Math.max(1, width - 1);
      const v = y / Math.max(1, height - 1);
      const inDisc = (u - 0.35) ** 2 + (v - 0.4) ** 2 < 0.05;
      const wave = 0.08 * Math.sin(12 * u + 5 * v);
      const at = (y * width + x) * 3;
      values[at] = clamp(inDisc ? 0.85 : 0.15 + 0.6 * u + wave);
      values[at + 1] = clamp(inDisc ? 0.3 : 0.1 + 0.7 * v + wave);
      values[at + 2] = clamp(inDisc ? 0.2 : 0.8 - 0.5 * u * v - wave);
      if (grey) values.fill(values[at] ?? 0, at, at + 3);
    }
  }
  return { width, height, values };
}

/** The card without so many pixels at each border. */
export function innerCard({ width, height, values }: TestCard, margin: number): TestCard {
  const inner = { width: width - 2 * margin, height: height - 2 * margin };
  const rows = Array.from({ length: inner.height }, (_, y) => {
    const start = ((y + margin) * width + margin) * 3;
    return [...values.subarray(start, start + inner.width * 3)];
  });
  return { ...inner, values: Float32Array.from(rows.flat()) };
}

/**
 * The card as a frame, packed RGB of 8 bits, with detail at every scale as photographs have it. On its smooth areas alone
 * style networks, which make texture out of nothing there, answer the least rounding with another texture.
 */
export function testCardFrame(width: number, height: number): Uint8Array {
  const { values } = testCard(width, height);
  const light = detail(width, height);
  return Uint8Array.from(values, (value, i) => {
    return 255 * clamp(value + 0.5 * ((light[Math.floor(i / 3)] ?? 0.5) - 0.5)) + 0.5;
  });
}

const coarsest = 64;

/** Value noise of octaves from {@link coarsest} pixels down to one, halved in strength at each as in photographs; 0..1. */
function detail(width: number, height: number): Float32Array {
  const sum = new Float32Array(width * height);
  for (let cell = coarsest; cell >= 1; cell /= 2) {
    const weight = cell / (2 * coarsest - 1);
    const columns = Math.ceil(width / cell) + 1;
    const lattice = Float32Array.from({ length: columns * (Math.ceil(height / cell) + 1) }, (_, i) => chance(i)); // prettier-ignore
    let pixel = 0;
    for (let y = 0; y < height; y += 1) {
      const v = (y % cell) / cell;
      const row = ((y - (y % cell)) / cell) * columns;
      for (let x = 0; x < width; x += 1) {
        const u = (x % cell) / cell;
        const at = row + (x - (x % cell)) / cell;
        const above = (1 - u) * (lattice[at] ?? 0) + u * (lattice[at + 1] ?? 0);
        const below = (1 - u) * (lattice[at + columns] ?? 0) + u * (lattice[at + columns + 1] ?? 0);
        sum[pixel] = (sum[pixel] ?? 0) + weight * ((1 - v) * above + v * below);
        pixel += 1;
      }
    }
  }
  return sum;
}

/** The same number for the same index, 0..1: an integer hash (Wellons' `lowbias32`). */
function chance(index: number): number {
  let hash = Math.imul(index ^ (index >>> 16) ^ 0x9e3779b9, 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
