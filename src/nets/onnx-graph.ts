import {
  attributeType,
  elementType,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-schema.js';

/** Versions of ONNX's operators and of its file form. */
const opset = 17;
const irVersion = 8;

/** Plain numbers are integers, as most of ONNX's attributes are; `{ float }` marks the others. */
type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** Collects nodes and constants of an ONNX graph; values are referred to by name. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  private readonly constants = new Map<string, string>();
  private values = 0;

  /** Adds a node and returns the name of its output.  */
  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output: string = this.freshName(type),
  ): string {
    this.nodes.push({
      op_type: type,
      name: `${type}_${this.nodes.length}`,
      input: inputs,
      output: [output],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return output;
  }

  /** The graph as a model of {@link opset} that takes and gives these values. */
  model(name: string, ends: Pick<OnnxModel['graph'], 'input' | 'output'>): OnnxModel {
    return {
      ir_version: irVersion,
      producer_name: 'vidstyle',
      producer_version: '',
      opset_import: [{ domain: '', version: opset }],
      metadata_props: [],
      graph: { name, node: this.nodes, initializer: this.initializers, ...ends },
    };
  }

  /** A float tensor under its own name: a trained parameter. */
  floats(name: string, dims: readonly number[], data: Float32Array): string {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dims, data_type: elementType.float, raw_data: raw });
    return name;
  }

  /** A float vector constant, shared between its users. */
  vector(values: readonly number[]): string {
    return this.constant(`v${values.join(',')}`, () => ({
      dims: [values.length],
      data_type: elementType.float,
      raw_data: bytesOf(Float32Array.from(values)),
    }));
  }

  /** An int64 vector constant: axes, sizes. */
  ints(values: readonly number[]): string {
    return this.constant(`i${values.join(',')}`, () => ({
      dims: [values.length],
      data_type: elementType.int64,
      raw_data: bytesOf(BigInt64Array.from(values, BigInt)),
    }));
  }

  private constant(key: string, make: () => Omit<OnnxTensor, 'name'>): string {
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.constants.size}`;
    this.initializers.push({ name, ...make() });
    this.constants.set(key, name);
    return name;
  }

  private freshName(type: string): string {
    return `${type.toLowerCase()}_${++this.values}`;
  }
}

function attribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: attributeType.int, i: value };
  if (typeof value === 'string') {
    return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  }
  if ('float' in value) return { name, type: attributeType.float, f: value.float };
  return { name, type: attributeType.ints, ints: value };
}

function bytesOf(array: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
