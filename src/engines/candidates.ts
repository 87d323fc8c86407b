import type { EngineName } from './engine.js';
import { deviceNames } from './execution-providers.js';
import { openvinoDevices } from './openvino/devices.js';
import { findOpenvino } from './openvino/library-places.js';
import { hasTensorFlow } from './tfjs.js';

/**
 * The engines that are there and know the device, the one whose results count first. Nothing is loaded.
 *
 * @param device as users say it, a list included
 * @param library where OpenVINO was said to be
 */
export async function engineCandidates(device = 'cpu', library?: string): Promise<EngineName[]> {
  const kinds = device.split(',').map((each) => each.trim().split(':', 1)[0] ?? '');
  const knownTo = (names: readonly string[]): boolean => kinds.every((kind) => names.includes(kind));
  const candidates: EngineName[] = [];
  if (knownTo(deviceNames)) candidates.push('onnxruntime');
  if (knownTo(openvinoDevices) && (await findOpenvino(library)) !== undefined) candidates.push('openvino');
  if (knownTo(['cpu', 'cuda']) && hasTensorFlow({ gpu: kinds.includes('cuda') })) candidates.push('tfjs');
  // An unknown device is for an engine to refuse, in words that name what it knows.
  return candidates.length > 0 ? candidates : ['onnxruntime'];
}
