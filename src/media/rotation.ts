import type * as av from './node-av.js';
import { AV_PKT_DATA_DISPLAYMATRIX } from './node-av.js';

/** How far a stream's display matrix turns the picture clockwise, in degrees 0 ≤ d < 360; 0 without a matrix. */
export function readRotation(stream: av.Stream): number {
  const matrix = stream.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  if (!matrix || matrix.length < 36) return 0;
  const [a = 0, b = 0] = decodeMatrix(matrix);
  // Row vectors: (1,0) maps to (a,b); the y axis points down, so a positive angle turns clockwise.
  const degrees = Math.round((Math.atan2(b, a) * 180) / Math.PI);
  return ((degrees % 360) + 360) % 360;
}

/**
 * A display matrix (nine 32-bit fixed-point numbers, native-endian) that turns the picture clockwise.
 *
 * @param degrees any multiple of 90.
 */
export function rotationMatrix(degrees: number): Buffer {
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.round(Math.cos(angle) * 65536);
  const sin = Math.round(Math.sin(angle) * 65536);
  const values = Int32Array.of(cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30);
  return Buffer.from(values.buffer);
}

function decodeMatrix(bytes: Buffer): Int32Array {
  return new Int32Array(Uint8Array.prototype.slice.call(bytes, 0, 36).buffer);
}
