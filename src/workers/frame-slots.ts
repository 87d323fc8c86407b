import { VidstyleError } from '../errors.js';
import { frameBytes, type FrameGeometry } from '../media/frames.js';

/** Who may touch a slot's pixels. A slot has exactly one owner at any time. */
export const Owner = { nobody: 0, source: 1, worker: 2, sink: 3 } as const;
/** One of the stages of {@link Owner}. */
export type Owner = (typeof Owner)[keyof typeof Owner];

/** The slots' memory as it crosses to a worker: handles to shared pages, no pixels are copied. */
export interface SlotMemory {
  readonly inputGeometry: FrameGeometry;
  readonly outputGeometry: FrameGeometry;
  readonly owners: SharedArrayBuffer;
  readonly inputs: SharedArrayBuffer;
  readonly outputs: SharedArrayBuffer;
  /** One byte per input pixel and slot, where a mask is in use. */
  readonly masks: SharedArrayBuffer | undefined;
}

/** One frame's place in shared memory. */
export interface Slot {
  readonly number: number;
  /** The decoded frame, packed RGB. */
  readonly input: Uint8Array;
  /** The network's result, packed RGB. */
  readonly output: Uint8Array;
  /** How much of the result shows, 0..255 per input pixel; `undefined` without a mask. */
  readonly mask: Uint8Array | undefined;
}

/** How many slots, and of what size. */
export interface FrameSlotsOptions {
  readonly count: number;
  readonly inputGeometry: FrameGeometry;
  readonly outputGeometry: FrameGeometry;
  readonly masked?: boolean;
}

interface Waiter {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A fixed number of frames' worth of shared memory. Free slots are the pipeline's credits: whoever wants to pull a
 * frame from the source must {@link acquire} one first, so the number of slots bounds the frames in flight.
 */
export class FrameSlots {
  readonly memory: SlotMemory;
  readonly count: number;
  readonly #owners: Int32Array;
  readonly #free: Slot[];
  readonly #waiters: Waiter[] = [];
  #closed: { readonly reason: unknown } | undefined;

  /** @throws VidstyleError 'memory' when that much memory is not to be had. */
  constructor(options: FrameSlotsOptions) {
    this.count = options.count;
    this.memory = allocate(options);
    this.#owners = new Int32Array(this.memory.owners);
    this.#free = Array.from({ length: options.count }, (_, number) => viewSlot(this.memory, number));
  }

  /** How many slots nobody holds. */
  get free(): number {
    return this.#free.length;
  }

  /** Resolves with a slot that now belongs to the source; rejects once {@link close} was called. */
  acquire(): Promise<Slot> {
    if (this.#closed) return Promise.reject(asError(this.#closed.reason));
    const slot = this.#free.shift();
    if (slot) {
      this.pass(slot, Owner.nobody, Owner.source);
      return Promise.resolve(slot);
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Hands a slot on. @throws Error when it was not `from`'s to give: two stages would share pixels. */
  pass(slot: Slot, from: Owner, to: Owner): void {
    const owner = Atomics.compareExchange(this.#owners, slot.number, from, to);
    if (owner !== from) throw new Error(`slot ${slot.number} belongs to stage ${owner}, not to ${from}`);
  }

  /** Gives a slot back, from whichever stage ends the frame; the longest waiting {@link acquire} gets it. */
  release(slot: Slot, from: Owner): void {
    this.pass(slot, from, Owner.nobody);
    const waiter = this.#waiters.shift();
    if (!waiter) {
      this.#free.push(slot);
      return;
    }
    this.pass(slot, Owner.nobody, Owner.source);
    waiter.resolve(slot);
  }

  /** Rejects everyone who waits for a slot, now and later: without this, a decoder in need of one would never end. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#closed.reason);
  }
}

/** A slot's pixels, seen from any thread. */
export function viewSlot(memory: SlotMemory, number: number): Slot {
  const pixels = memory.inputGeometry.width * memory.inputGeometry.height;
  return {
    number,
    input: nth(memory.inputs, frameBytes(memory.inputGeometry), number),
    output: nth(memory.outputs, frameBytes(memory.outputGeometry), number),
    mask: memory.masks && nth(memory.masks, pixels, number),
  };
}

/** Who owns a slot, seen from any thread. */
export function ownerOf(memory: SlotMemory, number: number): Owner {
  return Atomics.load(new Int32Array(memory.owners), number) as Owner;
}

function allocate({ count, inputGeometry, outputGeometry, masked }: FrameSlotsOptions): SlotMemory {
  const maskBytes = inputGeometry.width * inputGeometry.height;
  try {
    return {
      inputGeometry,
      outputGeometry,
      owners: new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT),
      inputs: new SharedArrayBuffer(count * frameBytes(inputGeometry)),
      outputs: new SharedArrayBuffer(count * frameBytes(outputGeometry)),
      masks: masked ? new SharedArrayBuffer(count * maskBytes) : undefined,
    };
  } catch (cause) {
    const megabytes = Math.ceil((count * (frameBytes(inputGeometry) + frameBytes(outputGeometry))) / 1e6);
    throw new VidstyleError('memory', `${count} frames in flight need ${megabytes} MB, which were refused.`, {
      cause,
    });
  }
}

function nth(memory: SharedArrayBuffer, bytes: number, number: number): Uint8Array {
  return new Uint8Array(memory, number * bytes, bytes);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
