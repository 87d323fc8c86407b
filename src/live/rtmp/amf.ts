/** What RTMP's commands are made of: the part of AMF 0 (Adobe's specification, 2007) that publishing needs. */
export type AmfValue = number | boolean | string | null | undefined | { readonly [key: string]: AmfValue };

/** Values one after the other, as a command message holds them. */
export function encodeAmf(values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeValue));
}

/** Reads a command message; stops at the first value of a type that publishing never meets. */
export function decodeAmf(bytes: Buffer): AmfValue[] {
  const reader = new AmfReader(bytes);
  const values: AmfValue[] = [];
  try {
    while (!reader.atEnd) values.push(reader.value());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return values;
}

function encodeValue(value: AmfValue): Buffer {
  if (value === undefined) return Buffer.from([marker.undefined]);
  if (value === null) return Buffer.from([marker.null]);
  if (typeof value === 'boolean') return Buffer.from([marker.boolean, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([marker.string]), shortText(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const entries = Object.entries(value).map(([key, of]) => Buffer.concat([shortText(key), encodeValue(of)]));
  return Buffer.concat([Buffer.from([marker.object]), ...entries, Buffer.from([0, 0, marker.end])]);
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const marker = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  array: 8,
  end: 9,
  list: 10,
} as const;

class AmfReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  value(): AmfValue {
    switch (this.#byte()) {
      case marker.number:
        this.#at += 8;
        return this.bytes.readDoubleBE(this.#at - 8);
      case marker.boolean:
        return this.#byte() !== 0;
      case marker.string:
        return this.#text();
      case marker.object:
        return this.#object();
      case marker.array:
        this.#at += 4;
        return this.#object();
      case marker.list:
        return this.#list();
      case marker.null:
        return null;
      case marker.undefined:
        return undefined;
      default:
        throw new RangeError('a value of another type');
    }
  }

  #object(): Record<string, AmfValue> {
    const object: Record<string, AmfValue> = {};
    for (;;) {
      const key = this.#text();
      if (key === '' && this.bytes[this.#at] === marker.end) {
        this.#at += 1;
        return object;
      }
      object[key] = this.value();
    }
  }

  #list(): Record<string, AmfValue> {
    this.#at += 4;
    const length = this.bytes.readUInt32BE(this.#at - 4);
    const list: Record<string, AmfValue> = {};
    for (let index = 0; index < length; index += 1) list[index] = this.value();
    return list;
  }

  #byte(): number {
    this.#at += 1;
    return this.bytes.readUInt8(this.#at - 1);
  }

  #text(): string {
    this.#at += 2;
    const length = this.bytes.readUInt16BE(this.#at - 2);
    if (this.#at + length > this.bytes.length) throw new RangeError('a text that is cut short');
    this.#at += length;
    return this.bytes.toString('utf8', this.#at - length, this.#at);
  }
}
