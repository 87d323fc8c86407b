import { mulberry32 } from '../nets/weights.js';

/**
 * Random numbers that depend on nothing but a seed, a purpose and a position. A training that draws all its chance from here
 * needs no generator state in its checkpoints: step 700 is step 700, resumed or not.
 */
export function randomAt(seed: number, purpose: string, position: number): () => number {
  let hash = 2166136261 ^ seed; // FNV-1a over purpose and position
  for (const byte of Buffer.from(`${purpose}:${position}`)) hash = Math.imul(hash ^ byte, 16777619);
  return mulberry32(hash);
}

/** A permutation of 0..length−1 (Fisher and Yates). */
export function permutation(length: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
