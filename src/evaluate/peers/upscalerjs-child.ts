/** Enlarges frames with UpscalerJS on TensorFlow's native library, in a process of its own. */
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadTensorFlow } from '../../engines/tfjs.js';
import type { Tensor, Tf } from '../../nets/tfjs.js';

/** What the parent says. */
export interface UpscalerJsOrder {
  /** Folder whose `node_modules` has `upscaler` and its models. */
  readonly folder: string;
  /** Such as `@upscalerjs/esrgan-slim/4x`. */
  readonly model: string;
  readonly frames: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly output: string;
}

interface Upscaler {
  readonly ready: Promise<unknown>;
  upscale(picture: Tensor, options: { readonly output: 'tensor' }): Promise<Tensor>;
}

const order = JSON.parse(process.argv[2] ?? '{}') as UpscalerJsOrder;
const load = createRequire(join(order.folder, 'index.js'));
const tf: Tf = loadTensorFlow();
const loaded = load('upscaler/node') as (new (options: object) => Upscaler) & {
  default?: new (options: object) => Upscaler;
};
const described = load(order.model) as { readonly default?: unknown };
const upscaler = new (loaded.default ?? loaded)({ model: described.default ?? described });
await upscaler.ready;

const pixels = await readFile(order.frames);
const frameBytes = order.width * order.height * 3;
const results = await open(order.output, 'w');
const forwardMs: number[] = [];
for (let frame = -1; frame < order.count; frame += 1) {
  const at = Math.max(frame, 0) * frameBytes;
  const startedMs = performance.now();
  const picture = tf.tensor3d(Int32Array.from(pixels.subarray(at, at + frameBytes)), [order.height, order.width, 3], 'int32'); // prettier-ignore
  const result = await upscaler.upscale(picture, { output: 'tensor' });
  const data = await result.data();
  if (frame >= 0) {
    forwardMs.push(performance.now() - startedMs);
    await results.write(Uint8Array.from(data, (value) => Math.min(255, Math.max(0, Math.round(value)))));
  }
  tf.dispose([picture, result]);
}
await results.close();
process.stdout.write(
  `\n${JSON.stringify({ forwardMs, largestBytes: process.resourceUsage().maxRSS * 1024 })}`,
);
