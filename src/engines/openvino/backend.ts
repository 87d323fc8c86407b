import { availableParallelism } from 'node:os';
import { messageOf } from '../../errors.js';
import type { TensorBackend, TensorRequest, TensorSession } from '../tensor.js';
import type { Handle, OpenvinoApi } from './c-api.js';
import { deviceLabel, openvinoAttempts } from './devices.js';
import { loadOpenvino } from './library.js';
import { OpenvinoSession, type OpenedModel } from './session.js';

/** The number format that a device calculates in: its own choice where absent. */
export type CalculationFormat = 'f32' | 'bf16' | 'f16';

/** How a device is told to calculate; asked for anew for each device that is tried. */
export type FormatOf = (device: string, capabilities: readonly string[]) => CalculationFormat | undefined;

/**
 * OpenVINO as a runner of tensors.
 * @param notices what the user should know beforehand
 */
export function openvinoBackend(
  library: string | undefined,
  formatOf: FormatOf,
  notices: readonly string[] = [],
): TensorBackend {
  return {
    open: async (request) => {
      const { api } = await loadOpenvino(library);
      return openOnFirstDevice(api, request, formatOf, [...notices]);
    },
  };
}

/** What a device can calculate with (`FP32`, `BF16`, `FP16`, `INT8` …); nothing where it is not there. */
export async function capabilitiesOf(
  library: string | undefined,
  device: string,
): Promise<readonly string[]> {
  const { api } = await loadOpenvino(library);
  const core = api.createCore();
  try {
    return readCapabilities(api, core, device);
  } catch {
    return [];
  } finally {
    api.free('core', core);
  }
}

/** Those of the devices that are there: one whose library came along without it knows no name for itself. */
export async function devicesOf(
  library: string | undefined,
  devices: readonly string[],
): Promise<readonly string[]> {
  const { api } = await loadOpenvino(library);
  const core = api.createCore();
  const isThere = (device: string): boolean => {
    try {
      return api.property(core, device, 'FULL_DEVICE_NAME') !== '';
    } catch {
      return false;
    }
  };
  try {
    return devices.filter(isThere);
  } finally {
    api.free('core', core);
  }
}

function openOnFirstDevice(
  api: OpenvinoApi,
  request: TensorRequest,
  formatOf: FormatOf,
  notices: string[],
): TensorSession {
  const attempts = openvinoAttempts(request.device);
  for (const [i, device] of attempts.entries()) {
    try {
      return openOn(api, device, request, formatOf, notices);
    } catch (error) {
      const next = attempts[i + 1];
      if (next === undefined) throw error;
      notices.push(
        `The device ${deviceLabel(device)} cannot be used (${messageOf(error)}); trying ${deviceLabel(next)}.`,
      );
    }
  }
  throw new Error('there is no device to try');
}

function openOn(
  api: OpenvinoApi,
  device: string,
  request: TensorRequest,
  formatOf: FormatOf,
  notices: readonly string[],
): TensorSession {
  const opened: (() => void)[] = [];
  const free = (): void => {
    for (const release of opened.splice(0).reverse()) release();
  };
  const keep = (kind: Parameters<OpenvinoApi['free']>[0], handle: Handle): Handle => {
    opened.push(() => {
      api.free(kind, handle);
    });
    return handle;
  };
  try {
    const core = keep('core', api.createCore());
    const format = formatOf(device, readCapabilities(api, core, device));
    const model = keep('model', api.readModel(core, request.model));
    for (const [name, { shape }] of Object.entries(request.inputs)) api.reshape(model, name, shape);
    const threads = request.threads ?? availableParallelism();
    const properties = compileProperties(device, threads, format);
    const compiled = keep('compiled_model', api.compile(core, model, device, properties));
    const infer = keep('infer_request', api.createRequest(compiled));
    const description = describe(device, threads, format);
    const whole: OpenedModel = { api, request: infer, free, description, notices };
    return new OpenvinoSession(whole, request);
  } catch (error) {
    free();
    throw error;
  }
}

function readCapabilities(api: OpenvinoApi, core: Handle, device: string): readonly string[] {
  return api.property(core, device, 'OPTIMIZATION_CAPABILITIES').split(' ');
}

/** One frame at a time, on as many threads as the pool gives, which are not tied to cores: encoders work beside. */
function compileProperties(
  device: string,
  threads: number,
  format: CalculationFormat | undefined,
): Record<string, string> {
  return {
    PERFORMANCE_HINT: 'LATENCY',
    ...(format && { INFERENCE_PRECISION_HINT: format }),
    ...(device === 'CPU' && { INFERENCE_NUM_THREADS: String(threads), ENABLE_CPU_PINNING: 'NO' }),
  };
}

function describe(device: string, threads: number, format: CalculationFormat | undefined): string {
  const label = deviceLabel(device);
  const count = device === 'CPU' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : '';
  return `openvino ${label}${count}${format ? `, ${format}` : ''}`;
}
