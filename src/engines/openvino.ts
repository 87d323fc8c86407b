import { frameBytes, type FrameGeometry } from '../media/frames.js';
import type { Engine, EngineSession, SessionOptions } from './engine.js';
import { bytesOfModel, openImageSession } from './image-session.js';
import { capabilitiesOf, devicesOf, openvinoBackend, type FormatOf } from './openvino/backend.js';
import { openvinoAttempts } from './openvino/devices.js';
import { loadOpenvino } from './openvino/library.js';
import { fullFormat, shorterFormat, shortIsGood } from './openvino/precision.js';
import { machineKey, modelDigest, recall, remember } from './remembered.js';
import { testCardFrame } from './test-card.js';

/** OpenVINO through its C API: CPUs, Intel's GPUs and NPUs. Frames are read and written where they lie. */
export const engine: Engine = { name: 'openvino', open };

/** The version of the library that would be used. @throws VidstyleError 'setup' when there is none */
export async function describeOpenvino(library?: string): Promise<OpenvinoFacts> {
  const { release, file } = await loadOpenvino(library);
  const devices = await devicesOf(library, ['CPU', 'GPU', 'NPU']);
  return { release, file, devices: devices.map((device) => device.toLowerCase()) };
}

/** What there is of OpenVINO on this machine. */
export interface OpenvinoFacts {
  readonly release: string;
  readonly file: string;
  /** Names for the option `device`. */
  readonly devices: readonly string[];
}

async function open(options: SessionOptions): Promise<EngineSession> {
  const { precision = 'auto', device, library } = options;
  const [wanted = 'CPU'] = openvinoAttempts(device);
  const capabilities = await capabilitiesOf(library, wanted);
  const short = shorterFormat(wanted, capabilities);
  if (precision === 'bf16' && !short) {
    return openWith(options, 'f32', [
      `The device ${device ?? 'cpu'} has no bfloat16; it calculates in float32.`,
    ]);
  }
  const isShort = precision === 'auto' ? short && (await mayBeShort(options, wanted)) : precision === 'bf16';
  return openWith(options, isShort ? 'bf16' : 'f32');
}

function openWith(
  options: SessionOptions,
  precision: 'f32' | 'bf16',
  notices: readonly string[] = [],
): Promise<EngineSession> {
  const formatOf: FormatOf = (device, capabilities) =>
    (precision === 'bf16' ? shorterFormat(device, capabilities) : undefined) ?? fullFormat(capabilities);
  return openImageSession(options, openvinoBackend(options.library, formatOf, notices));
}

/** Measured once for a machine, library, model and style, then remembered. */
async function mayBeShort(options: SessionOptions, device: string): Promise<boolean> {
  if (options.geometry.format === 'rgb16') return false; // short floats hold 8 bits
  const { release } = await loadOpenvino(options.library);
  const model = modelDigest(await bytesOfModel(options.model));
  const { style } = options;
  const key = machineKey({ what: 'short floats', release, device, model, style });
  const known = await recall(key);
  if (known !== undefined) return known === 'short';
  const isGood = await shortIsGood((precision) => drawCard(options, precision));
  await remember(key, isGood ? 'short' : 'full');
  return isGood;
}

const cardSize = 256;

async function drawCard(options: SessionOptions, precision: 'f32' | 'bf16'): Promise<Uint8Array> {
  const geometry: FrameGeometry = { width: cardSize, height: cardSize, format: 'rgb8' };
  const session = await openWith({ ...options, geometry }, precision);
  try {
    const result = new Uint8Array(frameBytes(session.outputGeometry));
    await session.run(testCardFrame(cardSize, cardSize), result);
    return result;
  } finally {
    await session.close();
  }
}
