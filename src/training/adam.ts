import type { Scalar } from '@tensorflow/tfjs-core';
import type { Tensor, Tf } from '../nets/tfjs.js';
import type { WeightArray } from '../nets/weights.js';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const adamDefaults: AdamOptions = Object.freeze({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });

/**
 * Adam (Kingma and Ba 2015, algorithm 1). Our own rather than TensorFlow.js': each parameter has its own rate, and the
 * whole state goes into a checkpoint and comes back from it bit for bit.
 */
export class Adam {
  private readonly first = new Map<string, Tensor>();
  private readonly second = new Map<string, Tensor>();

  constructor(
    private readonly tf: Tf,
    private readonly options: AdamOptions = adamDefaults,
  ) {}

  /**
   * One update. Gives the new parameters and disposes the old ones.
   * @param step counts from 1
   */
  update(
    parameters: Map<string, Tensor>,
    gradients: ReadonlyMap<string, Tensor>,
    step: number,
    rateOf: (name: string) => number,
  ): void {
    const { beta1, beta2, epsilon } = this.options;
    const correction = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
    for (const [name, gradient] of gradients) {
      const old = parameters.get(name);
      if (!old) continue;
      const [m, v, next] = this.tf.tidy(() => {
        const m = this.average(this.first.get(name) ?? this.tf.zeros(gradient.shape), gradient, beta1);
        const v = this.average(
          this.second.get(name) ?? this.tf.zeros(gradient.shape),
          gradient.square(),
          beta2,
        );
        const move = m
          .div(v.sqrt().add(epsilon * Math.sqrt(1 - beta2 ** step)))
          .mul(rateOf(name) * correction);
        return [this.tf.keep(m), this.tf.keep(v), this.tf.keep(old.sub(move))];
      }) as [Tensor, Tensor, Tensor];
      for (const stale of [this.first.get(name), this.second.get(name), old]) stale?.dispose();
      this.first.set(name, m);
      this.second.set(name, v);
      parameters.set(name, next);
    }
  }

  /** Both moments of every parameter, as `m/…` and `v/…`. */
  async state(): Promise<Map<string, WeightArray>> {
    const state = new Map<string, WeightArray>();
    for (const [prefix, moments] of [
      ['m', this.first],
      ['v', this.second],
    ] as const) {
      for (const [name, tensor] of moments) {
        state.set(`${prefix}/${name}`, { shape: tensor.shape, data: await tensor.data<'float32'>() });
      }
    }
    return state;
  }

  restore(state: ReadonlyMap<string, WeightArray>): void {
    this.dispose();
    for (const [name, { shape, data }] of state) {
      const moments = name.startsWith('m/') ? this.first : name.startsWith('v/') ? this.second : undefined;
      moments?.set(name.slice(2), this.tf.tensor(data.slice(), [...shape], 'float32'));
    }
  }

  dispose(): void {
    for (const moments of [this.first, this.second]) {
      for (const tensor of moments.values()) tensor.dispose();
      moments.clear();
    }
  }

  private average(old: Tensor, fresh: Tensor, beta: number): Tensor {
    return old.mul(beta).add(fresh.mul(1 - beta));
  }
}

/** Euclidean length of all gradients together. */
export function globalNorm(tf: Tf, gradients: Iterable<Tensor>): Scalar {
  return tf.tidy(() => tf.addN([...gradients].map((gradient) => gradient.square().sum())).sqrt()) as Scalar;
}
