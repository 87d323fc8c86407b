/**
 * Programs in StableHLO's text form (https://openxla.org/stablehlo/spec), which XLA compiles. Only what the kernels of
 * `kernels.ts` are made of.
 */

/** Numbers as XLA calls them; booleans are `i1`. */
export type ElementType = 'f32' | 'i32' | 'i1';

/** A value inside a program. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Shape and type in StableHLO's words. */
  readonly tensor: string;
}

export type Unary =
  'abs' | 'exponential' | 'log' | 'negate' | 'round_nearest_even' | 'rsqrt' | 'sign' | 'sqrt' | 'tanh';
export type Binary = 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum' | 'power' | 'and';
export type Comparison = 'EQ' | 'NE' | 'GT' | 'GE' | 'LT' | 'LE';

/** How a convolution's three operands lie and how its window moves; `[height, width]` each. */
export interface ConvolutionForm {
  /** Of the picture, the kernel and the result, such as `[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`. */
  readonly dimensions: string;
  readonly stride: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  /** Spreads the picture, as the gradient of a stride does. */
  readonly pictureDilation: readonly [number, number];
  /** Spreads the kernel. */
  readonly kernelDilation: readonly [number, number];
}

/** Writes the body of one program, an operation a line. */
export class ProgramWriter {
  readonly #lines: string[] = [];
  readonly #arguments: Value[] = [];

  argument(shape: readonly number[], type: ElementType): Value {
    const value = { name: `%arg${this.#arguments.length}`, shape, type, tensor: tensorOf(shape, type) };
    this.#arguments.push(value);
    return value;
  }

  /** The whole program, its function `main` returning `results`. */
  text(results: readonly Value[]): string {
    const parameters = this.#arguments.map(({ name, tensor }) => `${name}: ${tensor}`).join(', ');
    const types = results.map(({ tensor }) => tensor).join(', ');
    const names = results.map(({ name }) => name).join(', ');
    return [
      'module @step {',
      `func.func public @main(${parameters}) -> (${types}) {`,
      ...this.#lines,
      `return ${names} : ${types}`,
      '}',
      '}',
    ].join('\n');
  }

  /** One number, everywhere. */
  constant(value: number, shape: readonly number[] = [], type: ElementType = 'f32'): Value {
    return this.#define(
      shape,
      type,
      (itself) => `stablehlo.constant dense<${literal(value, type)}> : ${itself}`,
    );
  }

  /** 0, 1, 2 … along an axis. */
  iota(shape: readonly number[], axis: number, type: ElementType): Value {
    return this.#define(shape, type, (itself) => `stablehlo.iota dim = ${axis} : ${itself}`);
  }

  unary(operation: Unary, x: Value): Value {
    return this.#define(x.shape, x.type, (itself) => `stablehlo.${operation} ${x.name} : ${itself}`);
  }

  /** Of two values of one shape. */
  binary(operation: Binary, a: Value, b: Value): Value {
    return this.#define(
      a.shape,
      a.type,
      (itself) => `stablehlo.${operation} ${a.name}, ${b.name} : ${itself}`,
    );
  }

  compare(comparison: Comparison, a: Value, b: Value): Value {
    return this.#define(
      a.shape,
      'i1',
      (itself) =>
        `stablehlo.compare ${comparison}, ${a.name}, ${b.name} : (${a.tensor}, ${b.tensor}) -> ${itself}`,
    );
  }

  select(condition: Value, yes: Value, no: Value): Value {
    return this.#define(
      yes.shape,
      yes.type,
      (itself) =>
        `stablehlo.select ${condition.name}, ${yes.name}, ${no.name} : ${condition.tensor}, ${itself}`,
    );
  }

  convert(x: Value, type: ElementType): Value {
    if (x.type === type) return x;
    return this.#define(
      x.shape,
      type,
      (itself) => `stablehlo.convert ${x.name} : (${x.tensor}) -> ${itself}`,
    );
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (isSame(x.shape, shape)) return x;
    return this.#move(x, shape, (from, to) => `stablehlo.reshape ${x.name} : (${from}) -> ${to}`);
  }

  /** Spreads a value over a larger shape; `axes` says where its own axes lie there. */
  spread(x: Value, shape: readonly number[], axes: readonly number[]): Value {
    const dims = list(axes);
    return this.#move(
      x,
      shape,
      (from, to) => `stablehlo.broadcast_in_dim ${x.name}, dims = ${dims} : (${from}) -> ${to}`,
    );
  }

  /** Spreads as NumPy does: shapes are aligned at their ends, and axes of length 1 are repeated. */
  broadcast(x: Value, shape: readonly number[]): Value {
    if (isSame(x.shape, shape)) return x;
    return this.spread(
      x,
      shape,
      x.shape.map((_, axis) => shape.length - x.shape.length + axis),
    );
  }

  transpose(x: Value, order: readonly number[]): Value {
    const shape = order.map((axis) => x.shape[axis] ?? 0);
    return this.#move(
      x,
      shape,
      (from, to) => `stablehlo.transpose ${x.name}, dims = ${list(order)} : (${from}) -> ${to}`,
    );
  }

  slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
    if (isSame(x.shape, size)) return x;
    const ranges = begin.map((start, axis) => `${start}:${start + (size[axis] ?? 0)}`).join(', ');
    return this.#move(x, size, (from, to) => `stablehlo.slice ${x.name} [${ranges}] : (${from}) -> ${to}`);
  }

  reverse(x: Value, axes: readonly number[]): Value {
    return this.#define(
      x.shape,
      x.type,
      (itself) => `stablehlo.reverse ${x.name}, dims = ${list(axes)} : ${itself}`,
    );
  }

  pad(x: Value, filling: number, amounts: readonly (readonly [before: number, after: number])[]): Value {
    const shape = x.shape.map((length, axis) => length + sum(amounts[axis] ?? [0, 0]));
    const value = this.constant(filling, [], x.type);
    const low = list(amounts.map(([before]) => before));
    const high = list(amounts.map(([, after]) => after));
    const interior = list(amounts.map(() => 0));
    return this.#move(
      x,
      shape,
      (from, to) =>
        `stablehlo.pad ${x.name}, ${value.name}, low = ${low}, high = ${high}, interior = ${interior} ` +
        `: (${from}, ${value.tensor}) -> ${to}`,
    );
  }

  concatenate(parts: readonly Value[], axis: number): Value {
    const [first] = parts;
    if (!first) throw new Error('nothing to concatenate');
    if (parts.length === 1) return first;
    const shape = first.shape.with(
      axis,
      parts.reduce((length, part) => length + (part.shape[axis] ?? 0), 0),
    );
    const names = parts.map(({ name }) => name).join(', ');
    const types = parts.map(({ tensor }) => tensor).join(', ');
    return this.#define(
      shape,
      first.type,
      (itself) => `stablehlo.concatenate ${names}, dim = ${axis} : (${types}) -> ${itself}`,
    );
  }

  /** Sum or maximum over axes, which are dropped. */
  reduce(operation: 'add' | 'maximum', x: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return x;
    const start = this.constant(operation === 'add' ? 0 : -Infinity, [], x.type);
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    return this.#move(
      x,
      shape,
      (from, to) =>
        `stablehlo.reduce(${x.name} init: ${start.name}) applies stablehlo.${operation} across dimensions = ` +
        `${list(axes)} : (${from}, ${start.tensor}) -> ${to}`,
    );
  }

  /** Products of `[b, …]` matrices, summed over one axis of each. */
  dot(a: Value, b: Value, axes: readonly [number, number]): Value {
    const kept = (x: Value, axis: number): number => x.shape[3 - axis] ?? 0;
    const shape = [a.shape[0] ?? 0, kept(a, axes[0]), kept(b, axes[1])];
    return this.#define(
      shape,
      a.type,
      (itself) =>
        `stablehlo.dot_general ${a.name}, ${b.name}, batching_dims = [0] x [0], contracting_dims = ` +
        `[${axes[0]}] x [${axes[1]}] : (${a.tensor}, ${b.tensor}) -> ${itself}`,
    );
  }

  convolution(picture: Value, kernel: Value, shape: readonly number[], form: ConvolutionForm): Value {
    const padding = list(form.padding.map(list));
    const window =
      `stride = ${list(form.stride)}, pad = ${padding}, ` +
      `lhs_dilate = ${list(form.pictureDilation)}, rhs_dilate = ${list(form.kernelDilation)}`;
    return this.#define(
      shape,
      picture.type,
      (itself) =>
        `stablehlo.convolution(${picture.name}, ${kernel.name}) dim_numbers = ${form.dimensions}, ` +
        `window = {${window}} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} ` +
        `: (${picture.tensor}, ${kernel.tensor}) -> ${itself}`,
    );
  }

  #move(x: Value, shape: readonly number[], line: (from: string, to: string) => string): Value {
    return this.#define(shape, x.type, (itself) => line(x.tensor, itself));
  }

  #define(shape: readonly number[], type: ElementType, line: (itself: string) => string): Value {
    const value = { name: `%${this.#lines.length}`, shape, type, tensor: tensorOf(shape, type) };
    this.#lines.push(`${value.name} = ${line(value.tensor)}`);
    return value;
  }
}

function tensorOf(shape: readonly number[], type: ElementType): string {
  return shape.length === 0 ? `tensor<${type}>` : `tensor<${shape.join('x')}x${type}>`;
}

function literal(value: number, type: ElementType): string {
  if (type === 'i1') return String(value !== 0);
  if (type === 'i32') return String(Math.trunc(value));
  if (value === -Infinity) return '0xFF800000';
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}e${exponent}`;
}

const list = (items: readonly (number | string)[]): string => `[${items.join(', ')}]`;
const sum = ([a, b]: readonly [number, number]): number => a + b;

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
