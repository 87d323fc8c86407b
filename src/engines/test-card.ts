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

/** The card as a frame: packed RGB of 8 bits. */
export function testCardFrame(width: number, height: number): Uint8Array {
  return Uint8Array.from(testCard(width, height).values, (value) => Math.round(255 * value));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
