import { totalmem } from 'node:os';
import { describeOpenvino } from '../engines/openvino.js';
import { describeProcessor } from '../engines/processor.js';
import { usableDevices } from '../engines/usable-devices.js';
import { messageOf } from '../errors.js';
import { decodingDevices, hasEncoder } from '../media/index.js';
import { isArbitraryReady } from '../setup/arbitrary.js';
import { isTrainingReady } from '../setup/training.js';
import { findVgg16 } from '../setup/vgg16.js';
import { loadPresets, stylesOf } from './presets.js';

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  readonly state: string;
  readonly ok: boolean;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Looks at what this machine has: processor, engines and their devices, codecs, presets and optional parts. */
export async function examine(): Promise<Finding[]> {
  const styles = stylesOf(await loadPresets());
  const optional = async (subject: string, ready: Promise<boolean>, remedy: string): Promise<Finding> =>
    (await ready)
      ? { subject, state: 'ready', ok: true }
      : { subject, state: 'not set up', ok: false, remedy };
  return [
    { subject: 'Node', state: process.versions.node, ok: true },
    { subject: 'processor', state: await processor(), ok: true },
    { subject: 'memory', state: `${(totalmem() / 1e9).toFixed(1)} GB`, ok: true },
    { subject: 'ONNX Runtime', state: await runtime(), ok: true },
    await openvino(),
    encoders(),
    { subject: 'decoding devices', state: ['cpu', ...decodingDevices()].join(', '), ok: true },
    {
      subject: 'styles',
      state: styles.length > 0 ? styles.map(({ name }) => name).join(', ') : 'none',
      ok: styles.length > 0,
    },
    await optional('any-picture styles', isArbitraryReady(), 'vidstyle setup arbitrary'),
    await optional('training', isTrainingReady(), 'vidstyle setup training'),
    await optional('VGG16', findVgg16().then((path) => path !== undefined), 'vidstyle setup vgg16'), // prettier-ignore
  ];
}

async function processor(): Promise<string> {
  const { model, cores, instructions } = await describeProcessor();
  return [model, `${cores} cores`, ...(instructions ?? [])].join(', ');
}

async function openvino(): Promise<Finding> {
  const subject = 'OpenVINO';
  try {
    const { release, file, devices } = await describeOpenvino();
    return { subject, state: `${release}, devices: ${devices.join(', ')}, ${file}`, ok: true };
  } catch (error) {
    return { subject, state: messageOf(error), ok: false, remedy: 'vidstyle setup openvino' };
  }
}

async function runtime(): Promise<string> {
  const { describeOnnxRuntime } = await import('../engines/onnxruntime.js');
  const { version, devices } = describeOnnxRuntime();
  const usable = await usableDevices(devices);
  const missing = devices.filter((device) => !usable.includes(device));
  const not = missing.length > 0 ? `, not here: ${missing.join(', ')}` : '';
  return `${version}, devices: ${usable.join(', ')}${not}`;
}

const interesting = ['libx264', 'libx265', 'libsvtav1', 'libvpx-vp9', 'prores_ks', 'h264_nvenc', 'hevc_nvenc', 'h264_videotoolbox', 'h264_vaapi', 'h264_qsv']; // prettier-ignore

function encoders(): Finding {
  const found = interesting.filter(hasEncoder);
  return { subject: 'encoders', state: found.join(', '), ok: found.length > 0 };
}
