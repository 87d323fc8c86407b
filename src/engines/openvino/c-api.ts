import type koffiModule from 'koffi';
import type { LibraryHandle } from 'koffi';
import { messageOf } from '../../errors.js';
import { engineFailure } from '../engine-failure.js';

/** The address of an object of OpenVINO's. */
export type Handle = bigint;

type Koffi = typeof koffiModule;
type NativeFunction = ReturnType<LibraryHandle['func']>;

/**
 * The part of OpenVINO's C API that runs a model (`openvino/c/*.h`): each function throws a VidstyleError 'engine' with
 * OpenVINO's reason, or 'memory', where the library reports a status other than 0.
 */
export class OpenvinoApi {
  readonly version: string;
  readonly #koffi: Koffi;
  readonly #library: LibraryHandle;
  readonly #functions = new Map<string, NativeFunction>();
  readonly #types: ReturnType<typeof declareTypes>;

  /** @throws whatever the loader or koffi says when the file is no such library */
  constructor(koffi: Koffi, file: string) {
    this.#koffi = koffi;
    this.#library = koffi.load(file);
    this.#types = declareTypes(koffi);
    this.version = this.#readVersion();
  }

  createCore(): Handle {
    return this.#make('OpenVINO cannot start', 'ov_core_create', []);
  }

  /** A property's value as text, such as the capabilities of a device. */
  property(core: Handle, device: string, key: string): string {
    const [what, name] = [`OpenVINO cannot tell ${key} of ${device}`, 'ov_core_get_property'];
    const { handle, text } = this.#types;
    const address = this.#make(what, name, [handle, text, text], core, device, key);
    const value = this.#koffi.decode(address, 'char', -1) as string;
    this.#call('ov_free', 'void', [handle], address);
    return value;
  }

  readModel(core: Handle, bytes: Uint8Array): Handle {
    const { handle, size } = this.#types;
    const parameters = [handle, handle, size, handle];
    const what = 'OpenVINO cannot read the model';
    return this.#make(
      what,
      'ov_core_read_model_from_memory_buffer',
      parameters,
      core,
      bytes,
      bytes.length,
      null,
    );
  }

  /** Fixes the shape of an input. */
  reshape(model: Handle, input: string, shape: readonly number[]): void {
    const { handle, text, partialShape } = this.#types;
    const exactly = (length: number): object => ({ min: length, max: length });
    const value = { rank: exactly(shape.length), dims: shape.map(exactly) };
    const what = `OpenVINO cannot fit the model to ${input} of ${shape.join('×')}`;
    this.#do(what, 'ov_model_reshape_input_by_name', [handle, text, partialShape], model, input, value);
  }

  compile(core: Handle, model: Handle, device: string, properties: Readonly<Record<string, string>>): Handle {
    const { handle, text, size, out } = this.#types;
    const made: [Handle | null] = [null];
    const pairs = Object.entries(properties).flat();
    const status = this.#call(
      'ov_core_compile_model',
      'int',
      [handle, handle, text, size, out, '...'],
      ...[core, model, device, pairs.length, made],
      ...pairs.flatMap((value) => ['str', value]),
    ) as number;
    return this.#made(`OpenVINO cannot compile the model for ${device}`, status, made);
  }

  createRequest(compiled: Handle): Handle {
    const what = 'OpenVINO cannot prepare the model';
    return this.#make(what, 'ov_compiled_model_create_infer_request', [this.#types.handle], compiled);
  }

  /** The request's own tensor, or the one that was bound; to be freed like any other. */
  tensorOf(request: Handle, name: string): Handle {
    const { handle, text } = this.#types;
    return this.#make(
      `The model has no ${name}`,
      'ov_infer_request_get_tensor',
      [handle, text],
      request,
      name,
    );
  }

  /** OpenVINO's number for the type; the numbers differ between versions, so they are asked for and never named. */
  elementType(tensor: Handle): number {
    const value: [number] = [0];
    const { handle, outNumber } = this.#types;
    this.#do('A tensor has no type', 'ov_tensor_get_element_type', [handle, outNumber], tensor, value);
    return value[0];
  }

  shapeOf(tensor: Handle): number[] {
    const { handle, outShape, freedShape } = this.#types;
    const value: { rank?: number; dims?: Handle } = {};
    this.#do('A tensor has no shape', 'ov_tensor_get_shape', [handle, outShape], tensor, value);
    const lengths = this.#koffi.decode(value.dims, 'int64_t', value.rank ?? 0) as ArrayLike<number | bigint>;
    this.#call('ov_shape_free', 'int', [freedShape], value);
    return Array.from(lengths, Number);
  }

  /** A tensor on memory of ours, shared memory included: nothing is copied, so the array must outlive the tensor. */
  wrap(elementType: number, shape: readonly number[], data: ArrayBufferView): Handle {
    const { handle, shape: shapeType } = this.#types;
    const value = { rank: shape.length, dims: [...shape] };
    const parameters = ['uint32_t', shapeType, handle];
    const what = 'OpenVINO cannot use the frame’s memory';
    return this.#make(what, 'ov_tensor_create_from_host_ptr', parameters, elementType, value, data);
  }

  /** Copies a tensor's bytes out. */
  bytesOf(tensor: Handle): ArrayBuffer {
    const { handle, outSize } = this.#types;
    const size: [number | bigint] = [0];
    this.#do('A tensor has no size', 'ov_tensor_get_byte_size', [handle, outSize], tensor, size);
    const address = this.#make('A tensor has no memory', 'ov_tensor_data', [handle], tensor);
    return this.#koffi.view(address, Number(size[0])).slice(0);
  }

  bind(request: Handle, name: string, tensor: Handle): void {
    const { handle, text } = this.#types;
    const what = `The model does not take ${name}`;
    this.#do(what, 'ov_infer_request_set_tensor', [handle, text, handle], request, name, tensor);
  }

  /** Blocks until the result is there. */
  infer(request: Handle): void {
    this.#do('OpenVINO failed', 'ov_infer_request_infer', [this.#types.handle], request);
  }

  free(kind: 'core' | 'model' | 'compiled_model' | 'infer_request' | 'tensor', handle: Handle): void {
    this.#call(`ov_${kind}_free`, 'void', [this.#types.handle], handle);
  }

  #readVersion(): string {
    const value: { buildNumber?: string } = {};
    this.#do('It has no version', 'ov_get_openvino_version', [this.#types.outVersion], value);
    return value.buildNumber ?? '';
  }

  /** Calls a function whose last parameter receives the object that it makes. */
  #make(what: string, name: string, parameters: readonly unknown[], ...values: unknown[]): Handle {
    const made: [Handle | null] = [null];
    const status = this.#call(name, 'int', [...parameters, this.#types.out], ...values, made) as number;
    return this.#made(what, status, made);
  }

  #made(what: string, status: number, [handle]: readonly [Handle | null]): Handle {
    this.#check(what, status);
    if (handle === null) throw engineFailure(what, 'nothing came back');
    return handle;
  }

  #do(what: string, name: string, parameters: readonly unknown[], ...values: unknown[]): void {
    this.#check(what, this.#call(name, 'int', parameters, ...values) as number);
  }

  #check(what: string, status: number): void {
    if (status === 0) return;
    const text = this.#call('ov_get_last_err_msg', 'str', []) as string | null;
    throw engineFailure(what, reasonIn(text ?? '') ?? `status ${status}`, text);
  }

  #call(name: string, result: string, parameters: readonly unknown[], ...values: unknown[]): unknown {
    let native = this.#functions.get(name);
    if (!native) {
      native = this.#library.func(name, result, parameters as never);
      this.#functions.set(name, native);
    }
    return native(...values) as unknown;
  }
}

/** Whether an error means that the library, though there, lacks what is called. */
export function isMissingFunction(error: unknown): boolean {
  return /cannot find function/i.test(messageOf(error));
}

function declareTypes(koffi: Koffi) {
  const { pointer, struct, out } = koffi;
  const dimension = struct({ min: 'int64_t', max: 'int64_t' });
  const shape = struct({ rank: 'int64_t', dims: pointer('int64_t') });
  const foreignShape = struct({ rank: 'int64_t', dims: 'void *' });
  return {
    handle: 'void *',
    text: 'str',
    size: 'size_t',
    out: out(pointer('void *')),
    outNumber: out(pointer('uint32_t')),
    outSize: out(pointer('size_t')),
    outShape: out(pointer(foreignShape)),
    freedShape: pointer(foreignShape),
    outVersion: out(pointer(struct({ buildNumber: 'str', description: 'str' }))),
    shape,
    partialShape: struct({ rank: dimension, dims: pointer(dimension) }),
  };
}

/** OpenVINO's messages begin with places in its source; the reason is in the last line. */
function reasonIn(text: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').at(-1);
}
