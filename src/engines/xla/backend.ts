import type { DataType, GradConfig, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { Graph, type Device, type HostArray, type Node } from './graph.js';
import { elementTypes, kernels, type Input, type Kernel } from './kernels.js';
import type { Tf } from '../../nets/tfjs.js';

const backendName = 'xla';

type Named = Record<string, TensorInfo>;

/**
 * Makes XLA on a device the backend that TensorFlow.js computes with. Networks, losses, their gradients and Adam are the
 * same functions as on TensorFlow's own library.
 */
export function useXla(tf: Tf, device: Device): void {
  const backend = makeBackend(tf, new Graph(device));
  tf.registerBackend(backendName, () => backend);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        backend.compute(kernel, inputsOf(kernel, inputs as Named), attrs ?? {}),
    });
  }
  tf.registerKernel({
    kernelName: 'Identity',
    backendName,
    kernelFunc: ({ inputs }) => backend.share((inputs as Named)['x'] as TensorInfo),
  });
  for (const gradient of [sumGradient(tf), meanGradient(tf)]) {
    tf.unregisterGradient(gradient.kernelName);
    tf.registerGradient(gradient);
  }
  void tf.setBackend(backendName);
}

function inputsOf({ inputs }: Kernel, given: Named): TensorInfo[] {
  if (!inputs) return Object.values(given);
  return inputs.map((name) => given[name] as TensorInfo);
}

interface XlaBackend extends KernelBackend {
  compute(kernel: Kernel, inputs: readonly TensorInfo[], attributes: Record<string, unknown>): TensorInfo;
  share(tensor: TensorInfo): TensorInfo;
}

/** TensorFlow.js' base class is a value of the loaded package, so the subclass is made when that is there. */
function makeBackend(tf: Tf, graph: Graph): XlaBackend {
  class Backend extends tf.KernelBackend {
    readonly #nodes = new Map<object, { readonly node: Node; refs: number }>();

    compute(kernel: Kernel, inputs: readonly TensorInfo[], attributes: Record<string, unknown>): TensorInfo {
      const nodes = inputs.map(({ dataId }) => this.#node(dataId));
      const shaped = inputs.map(({ shape }, i): Input => ({ shape, type: nodes[i]?.type ?? 'f32' }));
      const { shape, type, write } = kernel.lower(shaped, attributes, tf);
      return this.#made(graph.later(shape, type, { inputs: nodes, write }));
    }

    settle(): void {
      graph.settle();
    }

    /** The same value as another tensor. */
    share({ dataId, shape, dtype }: TensorInfo): TensorInfo {
      this.incRef(dataId);
      return { dataId, shape, dtype };
    }

    override write(values: unknown, shape: number[], dtype: DataType): object {
      const dataId = {};
      this.move(dataId, values, shape, dtype, 1);
      return dataId;
    }

    override move(dataId: object, values: unknown, shape: number[], dtype: DataType, refCount: number): void {
      if (!(dtype in elementTypes)) throw new Error(`XLA: tensors of ${dtype} are not known`);
      const type = elementTypes[dtype as keyof typeof elementTypes];
      const host = ArrayBuffer.isView(values)
        ? (values as HostArray)
        : type === 'f32' ? Float32Array.from(values as number[]) : Int32Array.from(values as number[]); // prettier-ignore
      this.#nodes.set(dataId, { node: graph.fromHost(host, [...shape], type), refs: refCount });
    }

    override readSync(dataId: object): Float32Array {
      return graph.read(this.#node(dataId)) as Float32Array;
    }

    override read(dataId: object): Promise<Float32Array> {
      return Promise.resolve(this.readSync(dataId));
    }

    override disposeData(dataId: object, force = false): boolean {
      const entry = this.#nodes.get(dataId);
      if (!entry) return true;
      entry.refs--;
      if (entry.refs > 0 && !force) return false;
      this.#nodes.delete(dataId);
      graph.release(entry.node);
      return true;
    }

    override incRef(dataId: object): void {
      const entry = this.#nodes.get(dataId);
      if (entry) entry.refs++;
    }

    override refCount(dataId: object): number {
      return this.#nodes.get(dataId)?.refs ?? 0;
    }

    override numDataIds(): number {
      return this.#nodes.size;
    }

    override memory(): { unreliable: boolean } {
      return { unreliable: true };
    }

    override floatPrecision(): 32 {
      return 32;
    }

    #node(dataId: object): Node {
      const entry = this.#nodes.get(dataId);
      if (!entry) throw new Error('a tensor of another backend, or one that was disposed');
      return entry.node;
    }

    #made(node: Node): TensorInfo {
      const dataId = {};
      this.#nodes.set(dataId, { node, refs: 1 });
      return { dataId, shape: [...node.shape], dtype: dtypes[node.type] };
    }
  }
  return new Backend();
}

const dtypes = { f32: 'float32', i32: 'int32', i1: 'bool' } as const;

/** TensorFlow.js' own multiplies with ones of the input's size, made in the host's memory. */
function sumGradient(tf: Tf): GradConfig {
  return {
    kernelName: 'Sum',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attributes) => ({
      x: () => spread(tf, dy as Tensor, x as Tensor, attributes['axis']),
    }),
  };
}

function meanGradient(tf: Tf): GradConfig {
  return {
    kernelName: 'Mean',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attributes) => ({
      x: () => {
        const share = (dy as Tensor).size / (x as Tensor).size;
        return spread(tf, (dy as Tensor).mul(share), x as Tensor, attributes['axis']);
      },
    }),
  };
}

function spread(tf: Tf, dy: Tensor, x: Tensor, axis: unknown): Tensor {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
  return tf.broadcastTo(dy.reshape(kept), x.shape);
}
