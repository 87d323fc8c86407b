/** Rounds a number to IEEE 754 half precision and returns its bits; out of range becomes infinity. */
export function toHalfBits(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const halfExponent = exponent - 127 + 15;
  if (halfExponent >= 31) return sign | 0x7c00;
  if (halfExponent <= 0) {
    // A subnormal half counts in steps of 2⁻²⁴.
    const steps = roundHalfToEven(Math.abs(value) * 2 ** 24);
    return sign | steps;
  }
  // A carry out of the fraction rightly moves into the exponent.
  const rounded = roundHalfToEven(fraction / 0x2000);
  return sign | ((halfExponent << 10) + rounded);
}

/** The number that half-precision bits stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Every half there is, by its bits; made when first asked for. */
export function halfTable(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => fromHalfBits(bits));
  return table;
}

let table: Float32Array | undefined;
const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
