import type { InferenceSession } from 'onnxruntime-node';
import { VidstyleError } from '../errors.js';

/** The devices that ONNX Runtime knows, by the names that users say. */
export const deviceNames = ['cpu', 'cuda', 'tensorrt', 'directml', 'coreml', 'webgpu'] as const;
/** One of {@link deviceNames}. */
export type DeviceName = (typeof deviceNames)[number];

type Provider = InferenceSession.ExecutionProviderConfig;

/** One way of running a network; a list of them is tried in order. */
export interface DeviceAttempt {
  readonly name: string;
  readonly providers: readonly Provider[];
}

/**
 * What to know about TensorRT here: ONNX Runtime's Node binding hands it nothing but the card's number, and it ignores
 * its environment variables then, so neither half precision nor its cache of compiled engines can be had.
 */
export const tensorRtNotice = 'TensorRT compiles the network anew at every start, which can take minutes.';

/**
 * What to try for a device, best first; the CPU is always last.
 *
 * @param device a name of {@link deviceNames}, with `:1` for the second card
 * @throws VidstyleError 'usage' for another name
 */
export function deviceAttempts(device = 'cpu'): readonly DeviceAttempt[] {
  const [name = '', card] = device.split(':');
  const deviceId = card === undefined ? 0 : Number(card);
  if (!isDeviceName(name) || !Number.isInteger(deviceId) || deviceId < 0) {
    throw new VidstyleError(
      'usage',
      `There is no device "${device}"; ONNX Runtime knows ${deviceNames.join(', ')}.`,
    );
  }
  const cpu: DeviceAttempt = { name: 'cpu', providers: ['cpu'] };
  const cuda: DeviceAttempt = { name: label('cuda', card), providers: [{ name: 'cuda', deviceId }] };
  switch (name) {
    case 'cpu':
      return [cpu];
    case 'cuda':
      return [cuda, cpu];
    case 'tensorrt':
      return [
        { name: label('tensorrt', card), providers: [{ name: 'tensorrt', deviceId }, ...cuda.providers] },
        cuda,
        cpu,
      ];
    case 'directml':
      return [{ name: label('directml', card), providers: [{ name: 'dml', deviceId }] }, cpu];
    case 'coreml':
      return [{ name: 'coreml', providers: ['coreml'] }, cpu];
    case 'webgpu':
      return [{ name: 'webgpu', providers: ['webgpu'] }, cpu];
  }
}

function label(name: string, card: string | undefined): string {
  return card === undefined ? name : `${name}:${card}`;
}

function isDeviceName(name: string): name is DeviceName {
  return (deviceNames as readonly string[]).includes(name);
}
