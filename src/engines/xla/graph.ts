import { ProgramWriter, type ElementType, type Value } from './stablehlo.js';

/** Memory of a device. */
export type DeviceBuffer = bigint;

export type HostArray = Float32Array | Int32Array | Uint8Array;

/** A compiled program: takes buffers in the order of its arguments, gives one buffer a result. */
export type Executable = (inputs: readonly DeviceBuffer[]) => readonly DeviceBuffer[];

/** What runs programs (`pjrt.ts`). Every call but `execute`'s computing is over when it returns. */
export interface Device {
  compile(program: string, results: number): Executable;
  upload(data: HostArray, type: ElementType, shape: readonly number[]): DeviceBuffer;
  download(buffer: DeviceBuffer, type: ElementType, length: number): HostArray;
  free(buffer: DeviceBuffer): void;
}

/** How a value is computed from others. */
export interface Operation {
  readonly inputs: readonly Node[];
  readonly write: (writer: ProgramWriter, ...inputs: Value[]) => Value;
}

/** A value that lies in the host's memory, on the device, or is still to be computed. */
export interface Node {
  readonly shape: readonly number[];
  readonly type: ElementType;
  host?: HostArray | undefined;
  buffer?: DeviceBuffer | undefined;
  operation?: Operation | undefined;
  /** Tensors that show it: these have to be computed. */
  tensors: number;
  /** Operations that wait for it. */
  uses: number;
}

/**
 * Computes lazily, as LazyTensor does (Suhan et al. 2021, arXiv 2102.13267): operations are noted down until a number is
 * asked for. Then all that tensors still show becomes one program. Programs are compiled once: a training's steps note
 * down the same operations, so from the second step on they only run.
 */
export class Graph {
  readonly #device: Device;
  readonly #executables = new Map<string, Executable>();
  readonly #pending = new Set<Node>();

  constructor(device: Device) {
    this.#device = device;
  }

  fromHost(host: HostArray, shape: readonly number[], type: ElementType): Node {
    return { shape, type, host, tensors: 1, uses: 0 };
  }

  /** Notes an operation down. */
  later(shape: readonly number[], type: ElementType, operation: Operation): Node {
    for (const input of operation.inputs) input.uses++;
    const node: Node = { shape, type, operation, tensors: 1, uses: 0 };
    this.#pending.add(node);
    return node;
  }

  read(node: Node): HostArray {
    if (node.host) return node.host;
    if (node.buffer === undefined) this.settle();
    if (node.buffer === undefined) throw new Error('a value was asked for that no tensor shows');
    return this.#device.download(node.buffer, node.type, sizeOf(node.shape));
  }

  /** A tensor lets go of its value. */
  release(node: Node): void {
    node.tensors--;
    this.#freeUnused(node);
  }

  /** Computes all that tensors show. */
  settle(): void {
    const results = [...this.#pending].filter(({ tensors }) => tensors > 0);
    if (results.length > 0) this.#run(results);
  }

  #run(results: readonly Node[]): void {
    const { text, inputs, scalars } = this.#write(results);
    const executable = this.#executables.get(text) ?? this.#device.compile(text, results.length);
    this.#executables.set(text, executable);
    const packed =
      scalars.length > 0
        ? this.#device.upload(Float32Array.from(scalars), 'f32', [scalars.length])
        : undefined;
    const buffers = inputs.map((node) => this.#bufferOf(node));
    const computed = executable(packed === undefined ? buffers : [...buffers, packed]);
    if (packed !== undefined) this.#device.free(packed);
    results.forEach((node, i) => {
      node.buffer = computed[i];
    });
    for (const node of results) this.#settle(node);
  }

  /** Operations in the order of their inputs, which is the same for the same operations whenever they were noted down. */
  #write(results: readonly Node[]): { text: string; inputs: Node[]; scalars: number[] } {
    const writer = new ProgramWriter();
    const order = this.#order(results);
    const inputs = order.filter((node) => !node.operation && !isScalar(node));
    const scalars = order.filter((node) => !node.operation && isScalar(node));
    const values = new Map<Node, Value>();
    for (const node of inputs) values.set(node, writer.argument(node.shape, node.type));
    if (scalars.length > 0) {
      // A step has hundreds of single numbers, such as rates: each for itself would be an upload.
      const packed = writer.argument([scalars.length], 'f32');
      scalars.forEach((node, i) => {
        values.set(node, writer.reshape(writer.slice(packed, [i], [1]), []));
      });
    }
    for (const node of order) {
      if (!node.operation) continue;
      const { inputs: parts, write } = node.operation;
      values.set(node, write(writer, ...parts.map((part) => values.get(part) as Value)));
    }
    const text = writer.text(results.map((node) => values.get(node) as Value));
    return { text, inputs, scalars: scalars.map(({ host }) => host?.[0] ?? 0) };
  }

  /** Depth first without recursion: a network's operations form chains of thousands. */
  #order(results: readonly Node[]): Node[] {
    const seen = new Set<Node>();
    const order: Node[] = [];
    for (const result of results) {
      const stack: { readonly node: Node; next: number }[] = [];
      const enter = (node: Node): void => {
        if (seen.has(node)) return;
        seen.add(node);
        stack.push({ node, next: 0 });
      };
      enter(result);
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const input = top.node.operation?.inputs[top.next++];
        if (input) enter(input);
        else order.push((stack.pop() as typeof top).node);
      }
    }
    return order;
  }

  #bufferOf(node: Node): DeviceBuffer {
    node.buffer ??= this.#device.upload(node.host ?? new Float32Array(), node.type, node.shape);
    return node.buffer;
  }

  /** A computed node needs its inputs no longer. */
  #settle(node: Node): void {
    this.#pending.delete(node);
    const inputs = node.operation?.inputs ?? [];
    node.operation = undefined;
    for (const input of inputs) this.#drop(input);
  }

  #drop(first: Node): void {
    const dropped = [first];
    for (let node = dropped.pop(); node; node = dropped.pop()) {
      node.uses--;
      dropped.push(...this.#freeIfUnused(node));
    }
  }

  #freeUnused(node: Node): void {
    for (const input of this.#freeIfUnused(node)) this.#drop(input);
  }

  /** @returns what the node, if it was let go of, needs no longer */
  #freeIfUnused(node: Node): readonly Node[] {
    if (node.tensors > 0 || node.uses > 0) return [];
    if (node.buffer !== undefined) this.#device.free(node.buffer);
    node.buffer = undefined;
    node.host = undefined;
    this.#pending.delete(node);
    const inputs = node.operation?.inputs ?? [];
    node.operation = undefined;
    return inputs;
  }
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** Without axes: a parameter, whatever its length, is always an input of its own. */
const isScalar = ({ host, type, shape }: Node): boolean =>
  host !== undefined && type === 'f32' && shape.length === 0;
