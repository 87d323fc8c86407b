import { agreementDecibels, pictureLikeness } from '../picture-difference.js';
import type { CalculationFormat } from './backend.js';

/** What users ask for. */
export type Precision = 'auto' | 'f32' | 'bf16';

/** Which shorter format a device offers, by what it says of itself. */
export function shorterFormat(
  device: string,
  capabilities: readonly string[],
): CalculationFormat | undefined {
  if (device === 'CPU') return capabilities.includes('BF16') ? 'bf16' : undefined;
  return capabilities.includes('FP16') ? 'f16' : undefined;
}

/** Full precision, where the device has it; else it is left to the device. */
export function fullFormat(capabilities: readonly string[]): CalculationFormat | undefined {
  return capabilities.includes('FP32') ? 'f32' : undefined;
}

/**
 * Whether a network may calculate in the shorter format: the test card's pictures in both must be alike by at least
 * {@link agreementDecibels}.
 *
 * @param draw runs the test card through the network
 */
export async function shortIsGood(
  draw: (precision: 'f32' | 'bf16') => Promise<Uint8Array>,
): Promise<boolean> {
  return pictureLikeness(await draw('f32'), await draw('bf16')) >= agreementDecibels;
}
