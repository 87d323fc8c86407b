import { samplesOf } from '../engines/pixels.js';
import type { FrameGeometry } from '../media/frames.js';

/**
 * Holds still what stands still, frame by frame in place: where a frame differs from those before by no more than a camera's noise
 * does, it is averaged with them over time. Style networks answer noise with another texture in every frame, which is what flickers;
 * what really changes passes as it is. No pixel's neighbourhood is changed by more than {@link anyMotion} on average.
 */
export class SteadyFilter {
  readonly #geometry: FrameGeometry;
  /** What is held, in the frames' own numbers; empty before the first frame. */
  #held: Float32Array | undefined;
  readonly #difference: Float32Array;
  readonly #columns: Float32Array;

  constructor(geometry: FrameGeometry) {
    const { width, height } = geometry;
    this.#geometry = geometry;
    this.#difference = new Float32Array(width * height);
    this.#columns = new Float32Array(width);
  }

  /** @param pixels the next frame of the geometry, packed RGB, which is changed in place */
  apply(pixels: Uint8Array): void {
    const samples = samplesOf(pixels, this.#geometry.format);
    if (!this.#held) {
      this.#held = Float32Array.from(samples);
      return;
    }
    this.#compare(samples, this.#held);
    this.#blend(samples, this.#held);
  }

  /** The mean difference of a pixel's channels to what is held, of 255. */
  #compare(samples: Uint8Array | Uint16Array, held: Float32Array): void {
    const unit = this.#geometry.format === 'rgb8' ? 1 / 3 : 1 / (3 * 257);
    for (let pixel = 0, at = 0; pixel < this.#difference.length; pixel += 1, at += 3) {
      this.#difference[pixel] =
        unit *
        (Math.abs((samples[at] as number) - (held[at] as number)) +
          Math.abs((samples[at + 1] as number) - (held[at + 1] as number)) +
          Math.abs((samples[at + 2] as number) - (held[at + 2] as number)));
    }
  }

  /** Row by row, the differences averaged over a window that is cut off at the borders. */
  #blend(samples: Uint8Array | Uint16Array, held: Float32Array): void {
    const { width, height } = this.#geometry;
    const columns = this.#columns.fill(0);
    for (let y = 0; y < Math.min(radius, height); y += 1) this.#addRow(y, 1);
    for (let y = 0; y < height; y += 1) {
      if (y + radius < height) this.#addRow(y + radius, 1);
      if (y - radius > 0) this.#addRow(y - radius - 1, -1);
      const rows = Math.min(height, y + radius + 1) - Math.max(0, y - radius);
      let sum = 0;
      for (let x = 0; x < Math.min(radius, width); x += 1) sum += columns[x] as number;
      for (let x = 0; x < width; x += 1) {
        if (x + radius < width) sum += columns[x + radius] as number;
        if (x - radius > 0) sum -= columns[x - radius - 1] as number;
        const count = rows * (Math.min(width, x + radius + 1) - Math.max(0, x - radius));
        const share = heldShare(sum / count);
        for (let at = 3 * (y * width + x), end = at + 3; at < end; at += 1) {
          const sample = samples[at] as number;
          const value = sample + share * ((held[at] as number) - sample);
          held[at] = value;
          samples[at] = value + 0.5;
        }
      }
    }
  }

  #addRow(y: number, sign: 1 | -1): void {
    const { width } = this.#geometry;
    const row = y * width;
    for (let x = 0; x < width; x += 1)
      this.#columns[x] = (this.#columns[x] as number) + sign * (this.#difference[row + x] as number);
  }
}

/** How much of what is held a pixel keeps, by the mean difference around it. */
function heldShare(difference: number): number {
  return mostHeld * Math.min(1, Math.max(0, (anyMotion - difference) / (anyMotion - onlyNoise)));
}

/** Pixels around a pixel that tell whether it moves: single ones differ by noise as much as by motion. */
const radius = 2;
/** Up to this mean difference, of 255, nothing moves: noise with a standard deviation of 6. */
const onlyNoise = 5;
/** From this mean difference on everything moves. */
const anyMotion = 10;
/** Noise that is averaged so has a quarter of its deviation. */
const mostHeld = 0.88;
