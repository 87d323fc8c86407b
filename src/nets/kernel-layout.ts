import type { WeightArray } from './weights.js';

/** A kernel in ONNX' order `[out, in, height, width]` from TensorFlow's `[height, width, in, out]`. */
export const toOihw = (kernel: WeightArray): WeightArray => permute(kernel, [3, 2, 0, 1]);

/** The inverse of {@link toOihw}. */
export const toHwio = (kernel: WeightArray): WeightArray => permute(kernel, [2, 3, 1, 0]);

function permute(
  { shape, data }: WeightArray,
  order: readonly [number, number, number, number],
): WeightArray {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const [a = 1, b = 1, c = 1, d = 1] = order.map((axis) => shape[axis] ?? 1);
  const [sa = 0, sb = 0, sc = 0, sd = 0] = order.map((axis) => strides[axis] ?? 0);
  const result = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) result[at++] = data[i * sa + j * sb + k * sc + l * sd] ?? 0;
  return { shape: [a, b, c, d], data: result };
}
