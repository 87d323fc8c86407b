import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, EngineSession, SessionOptions } from '../../src/engines/engine.js';

/** How {@link engine} behaves; it travels in the query of its URL. */
export interface TintBehaviour {
  /** Milliseconds that a picture of a million pixels takes. */
  readonly msPerMegapixel?: number;
  /** From when this file exists, pictures take no time. */
  readonly fastFile?: string;
  /** The thread ends at the first picture after this file exists, and the file is marked as used. */
  readonly dieFile?: string;
}

/** The engine's address for a behaviour. */
export function tintEngine(behaviour: TintBehaviour = {}): URL {
  const url = new URL(import.meta.url);
  url.searchParams.set('behaviour', JSON.stringify(behaviour));
  return url;
}

/** What the styles of the test presets look like: half the picture, half a colour. */
export const tints: readonly (readonly [number, number, number])[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

/** An engine whose "styles" are colours laid over the picture, so that a style can be told from the pixels. */
export const engine: Engine = {
  name: 'onnxruntime',
  open: async (options) => new TintSession(options, readBehaviour()),
};

function readBehaviour(): TintBehaviour {
  return JSON.parse(new URL(import.meta.url).searchParams.get('behaviour') ?? '{}') as TintBehaviour;
}

class TintSession implements EngineSession {
  readonly outputGeometry;
  readonly description = 'tint';
  #style: readonly number[];

  constructor(
    options: SessionOptions,
    private readonly behaviour: TintBehaviour,
  ) {
    this.outputGeometry = options.geometry;
    this.#style = options.style ?? [];
  }

  async run(input: Uint8Array, output: Uint8Array): Promise<void> {
    const { msPerMegapixel = 0, fastFile, dieFile } = this.behaviour;
    if (dieFile !== undefined && existsSync(dieFile) && !existsSync(`${dieFile}.used`)) {
      writeFileSync(`${dieFile}.used`, '');
      process.exit(3);
    }
    if (msPerMegapixel > 0 && !(fastFile && existsSync(fastFile)))
      await delay((msPerMegapixel * input.length) / 3e6);
    const color = [0, 1, 2].map((channel) =>
      tints.reduce((sum, tint, style) => sum + (this.#style[style] ?? 0) * (tint[channel] ?? 0), 0),
    );
    const strength = tints.reduce((sum, _, style) => sum + (this.#style[style] ?? 0), 0);
    const keep = 1 - strength / 2;
    for (let at = 0; at < input.length; at += 3) {
      for (let channel = 0; channel < 3; channel += 1)
        output[at + channel] = keep * (input[at + channel] ?? 0) + (color[channel] ?? 0) / 2;
    }
  }

  setStyle(weights: readonly number[]): void {
    this.#style = weights;
  }

  async close(): Promise<void> {}
}
