import { VidstyleError } from '../../errors.js';

/** The devices that OpenVINO runs on, by the names that users say. */
export const openvinoDevices = ['cpu', 'gpu', 'npu'] as const;

/**
 * OpenVINO's name of a device, what to try first to last: the CPU is always last.
 *
 * @param device a name of {@link openvinoDevices}, with `:1` for the second of its kind
 * @throws VidstyleError 'usage' for another name
 */
export function openvinoAttempts(device = 'cpu'): readonly string[] {
  const [name = '', card] = device.split(':');
  const isKnown = (openvinoDevices as readonly string[]).includes(name);
  if (!isKnown || (card !== undefined && !/^\d+$/.test(card))) {
    throw new VidstyleError(
      'usage',
      `There is no device "${device}"; OpenVINO knows ${openvinoDevices.join(', ')}.`,
    );
  }
  const upper = name.toUpperCase();
  return name === 'cpu' ? ['CPU'] : [card === undefined ? upper : `${upper}.${card}`, 'CPU'];
}

/** The name that users say: `GPU.1` → `gpu:1`. */
export function deviceLabel(device: string): string {
  return device.toLowerCase().replace('.', ':');
}
