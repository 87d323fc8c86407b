import type koffiModule from 'koffi';
import { engineFailure } from '../engine-failure.js';
import type { Device, DeviceBuffer, Executable, HostArray } from './graph.js';
import type { ElementType } from './stablehlo.js';

type Koffi = typeof koffiModule;

/** Places of functions in PJRT's table, and of fields in its structures, counted in words of eight bytes. */
const functions = {
  errorDestroy: 5,
  errorMessage: 6,
  initialize: 8,
  eventDestroy: 10,
  eventAwait: 13,
  clientCreate: 15,
  addressableDevices: 21,
  compile: 25,
  deviceKind: 31,
  deviceDescription: 34,
  bufferFromHost: 27,
  execute: 60,
  bufferDestroy: 63,
  bufferToHost: 75,
} as const;

const bufferTypes: Readonly<Record<ElementType, bigint>> = { i1: 1n, i32: 4n, f32: 11n };
const bytesPer: Readonly<Record<ElementType, number>> = { i1: 1, i32: 4, f32: 4 };
/** Of a named value. */
const isBoolean = 4n;

/**
 * `CompileOptionsProto { executable_build_options { device_ordinal: -1, num_replicas: 1, num_partitions: 1 },
 * compile_portable_executable: true }`
 */
const compileOptions = Uint8Array.from([
  0x1a, 15, 0x08, ...Array<number>(9).fill(0xff), 0x01, 0x20, 1, 0x28, 1, 0x20, 1,
]); // prettier-ignore

/** Structures may be longer than a plugin expects: what it does not know is 0. Words. */
const roomy = 24;

/**
 * A device by OpenXLA's PJRT C API (`xla/pjrt/c/pjrt_c_api.h`), which the makers of accelerators ship as plugins. Every
 * function takes one structure; those begin with their size and a list of extensions, which is empty here.
 */
export class PjrtDevice implements Device {
  readonly name: string;
  readonly #koffi: Koffi;
  readonly #table: BigUint64Array;
  readonly #signature: ReturnType<Koffi['proto']>;
  readonly #client: bigint;
  readonly #device: bigint;
  readonly #scratch: Memory;
  #staging: Memory;

  /**
   * @param file the plugin's library
   * @throws whatever the loader says; VidstyleError 'engine' with the plugin's reason when it finds no device
   */
  constructor(koffi: Koffi, file: string) {
    this.#koffi = koffi;
    const getApi = koffi.load(file).func('GetPjrtApi', 'void *', []);
    this.#table = new BigUint64Array(koffi.view(getApi() as bigint, (functions.bufferToHost + 1) * 8));
    this.#signature = koffi.proto('void *', ['void *']);
    this.#scratch = this.#allocate(roomy * 8);
    this.#staging = this.#allocate(1 << 20);
    this.#call('The accelerator cannot start', 'initialize');
    this.#client = this.#createClient();
    const devices = this.#call('The accelerator names no device', 'addressableDevices', [this.#client]);
    if (devices[4] === 0n) throw engineFailure('The accelerator cannot start', 'it has no device');
    this.#device = this.#word(devices[3] ?? 0n);
    this.name = this.#kind();
  }

  compile(program: string, results: number): Executable {
    const format = this.#text('mlir');
    const code = this.#text(program);
    const options = this.#bytes(compileOptions);
    const described = this.#words([0n, 0n, code.address, code.size, format.address, format.size]);
    described.words[0] = described.size;
    const values = [this.#client, described.address, options.address, options.size];
    const made = this.#call('The accelerator cannot compile the program', 'compile', values);
    const executable = made[6] ?? 0n;
    for (const memory of [format, code, options, described]) this.#free(memory);
    const executeOptions = this.#words(new Array<bigint>(roomy).fill(0n));
    executeOptions.words[0] = executeOptions.size;
    const outputs = this.#words(new Array<bigint>(results).fill(0n));
    const outputLists = this.#words([outputs.address]);
    let inputs = this.#words([0n]);
    const inputLists = this.#words([inputs.address]);
    return (buffers) => {
      if (inputs.words.length !== buffers.length) {
        this.#free(inputs);
        inputs = this.#words(buffers);
        inputLists.words[0] = inputs.address;
      }
      inputs.words.set(buffers);
      const lists = [inputLists.address, 1n, BigInt(buffers.length), outputLists.address];
      const where = [0n, this.#device]; // no events are asked for
      this.#call('The accelerator failed', 'execute', [
        executable,
        executeOptions.address,
        ...lists,
        ...where,
      ]);
      return [...outputs.words];
    };
  }

  upload(data: HostArray, type: ElementType, shape: readonly number[]): DeviceBuffer {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length > this.#staging.words.byteLength) {
      this.#free(this.#staging);
      this.#staging = this.#allocate(bytes.length);
    }
    new Uint8Array(this.#staging.words.buffer).set(bytes);
    const dimensions = this.#words(shape.map(BigInt));
    const packed = [0n, 0n]; // no strides: rows lie behind each other
    const readDuringTheCall = 0n;
    const made = this.#call('The accelerator takes no data', 'bufferFromHost', [
      ...[this.#client, this.#staging.address, bufferTypes[type], dimensions.address, BigInt(shape.length)],
      ...[...packed, readDuringTheCall, this.#device],
    ]);
    const [done = 0n, buffer = 0n] = made.subarray(13, 15);
    this.#free(dimensions);
    this.#wait(done);
    return buffer;
  }

  download(buffer: DeviceBuffer, type: ElementType, length: number): HostArray {
    const bytes = length * bytesPer[type];
    const memory = this.#allocate(bytes);
    try {
      const values = [buffer, 0n, memory.address, BigInt(bytes)];
      const made = this.#call('The accelerator gives no data', 'bufferToHost', values);
      this.#wait(made[6] ?? 0n);
      const copy = memory.words.buffer.slice(0, bytes);
      return type === 'f32' ? new Float32Array(copy) : type === 'i32' ? new Int32Array(copy) : new Uint8Array(copy); // prettier-ignore
    } finally {
      this.#free(memory);
    }
  }

  free(buffer: DeviceBuffer): void {
    this.#call('The accelerator keeps its memory', 'bufferDestroy', [buffer]);
  }

  /** Memory is taken as it is needed: several trainings may share a card. */
  #createClient(): bigint {
    const name = this.#text('preallocate');
    const option = this.#words([56n, 0n, name.address, name.size, isBoolean, 0n, 1n]);
    const made = this.#call('The accelerator cannot start', 'clientCreate', [option.address, 1n]);
    return made[8] ?? 0n;
  }

  #kind(): string {
    const description =
      this.#call('The accelerator has no name', 'deviceDescription', [this.#device])[3] ?? 0n;
    const [, , , address = 0n, size = 0n] = this.#call('The accelerator has no name', 'deviceKind', [
      description,
    ]);
    return this.#string(address, size);
  }

  #wait(event: bigint): void {
    if (event === 0n) return;
    this.#call('The accelerator failed', 'eventAwait', [event]);
    this.#call('The accelerator failed', 'eventDestroy', [event]);
  }

  /** Calls a function whose structure begins with `values`. @returns the structure as the function leaves it */
  #call(what: string, name: keyof typeof functions, values: readonly bigint[] = []): BigUint64Array {
    const { words, address, size } = this.#scratch;
    words.fill(0n);
    words[0] = size;
    words.set(values, 2);
    const error = this.#koffi.call(this.#table[functions[name]], this.#signature, address) as bigint | null;
    if (error) throw engineFailure(what, this.#reason(error));
    return words.slice();
  }

  #reason(error: bigint): string {
    const message = this.#words([40n, 0n, error, 0n, 0n]);
    const { errorMessage, errorDestroy } = functions;
    this.#koffi.call(this.#table[errorMessage], this.#signature, message.address);
    const text = this.#string(message.words[3] ?? 0n, message.words[4] ?? 0n);
    this.#koffi.call(this.#table[errorDestroy], this.#signature, message.address);
    this.#free(message);
    return text.split('\n', 1)[0] ?? '';
  }

  #string(address: bigint, size: bigint): string {
    return address === 0n ? '' : Buffer.from(this.#koffi.view(address, Number(size))).toString();
  }

  #word(address: bigint): bigint {
    return new BigUint64Array(this.#koffi.view(address, 8))[0] ?? 0n;
  }

  #allocate(bytes: number): Memory {
    const length = Math.max(1, Math.ceil(bytes / 8));
    const address = this.#koffi.alloc('uint64_t', length) as bigint;
    const words = new BigUint64Array(this.#koffi.view(address, length * 8));
    return { address, words, size: BigInt(bytes) };
  }

  #words(values: readonly bigint[]): Memory {
    const memory = this.#allocate(values.length * 8);
    memory.words.set(values);
    return memory;
  }

  #bytes(values: Uint8Array): Memory {
    const memory = this.#allocate(values.length);
    new Uint8Array(memory.words.buffer).set(values);
    return memory;
  }

  #text(text: string): Memory {
    return this.#bytes(Buffer.from(text));
  }

  #free({ address }: Memory): void {
    this.#koffi.free(address);
  }
}

/** Memory outside JavaScript's, which does not move. */
interface Memory {
  readonly address: bigint;
  readonly words: BigUint64Array;
  /** Bytes. */
  readonly size: bigint;
}
