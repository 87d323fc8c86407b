import { Option, type Command } from 'commander';
import type { engineChoices, ProcessOptions } from '../jobs/options.js';
import { count, encoderOption, frameSize, notNegative, positive, seconds } from './arguments.js';

/** Flags of {@link addEngineOptions}. */
export interface EngineFlags {
  readonly engine?: (typeof engineChoices)[number];
  readonly precision?: 'auto' | 'f32' | 'bf16';
  readonly openvino?: string;
  readonly device?: string;
  readonly workers?: number;
  readonly threads?: number;
}

/** Flags of every command that turns a file into a file. */
export interface ProcessFlags extends EngineFlags {
  readonly overwrite?: boolean;
  readonly start?: number;
  readonly duration?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly codec?: string;
  readonly crf?: number;
  readonly preset?: string;
  readonly pixelFormat?: string;
  readonly encoder?: Readonly<Record<string, string>>;
  readonly hwaccel?: string;
  readonly verify?: boolean;
  readonly trace?: string;
  readonly acceptTruncated?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How the output is encoded, for whatever writes files. */
export function addEncodingOptions(command: Command): Command {
  return command
    .option('--size <WxH>', 'working size (default: the input’s)', frameSize)
    .option(
      '--codec <encoder>',
      'FFmpeg’s encoder, as libx264, libsvtav1, hevc_nvenc (default: by container)',
    )
    .option('--crf <n>', 'constant quality, smaller is better', notNegative)
    .option('--preset <name>', 'the encoder’s speed preset')
    .option('--pixel-format <name>', 'FFmpeg’s pixel format (default: 4:2:0 of the input’s depth)')
    .option('--encoder <name=value>', 'any other option of the encoder; can be repeated', encoderOption)
    .option('--hwaccel <device>', 'decode on a device: cuda, vaapi, videotoolbox, …');
}

/** What runs the network. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--engine <name>', 'what runs the network; auto tries which is fastest').choices([
        'auto',
        'onnxruntime',
        'openvino',
        'tfjs',
      ]),
    )
    .option(
      '--device <name>',
      'where it runs: cpu, cuda, tensorrt, directml, coreml, webgpu (ONNX Runtime), gpu, npu (OpenVINO); several cards: cuda:0,cuda:1',
    )
    .addOption(
      new Option('--precision <format>', 'short floats: always, never, or where no difference shows').choices(
        ['auto', 'f32', 'bf16'],
      ),
    )
    .option('--openvino <path>', 'OpenVINO’s library or its folder (default: looked for)')
    .option('--workers <n>', 'networks that run at once (default: by cores and frame size)', count)
    .option('--threads <n>', 'threads of each network (default: the cores divided among them)', count);
}

/** What every command that turns a file into a file understands. */
export function addProcessOptions(command: Command): Command {
  command
    .option('--overwrite', 'replace the output if it is there')
    .option('--start <time>', 'where to begin: seconds or h:mm:ss', seconds)
    .option('--duration <time>', 'how much to do', positiveSeconds);
  return addEngineOptions(addEncodingOptions(command))
    .option('--verify', 'compare output with input afterwards; fail on a difference')
    .option('--trace <file.json>', 'write every frame’s stages as a Chrome trace')
    .option('--accept-truncated', 'use what is there of a damaged file')
    .option('--dry-run', 'try a little and say how long it would take, how large it would be; write nothing')
    .option('--json', 'one report on standard output at the end')
    .option('--quiet', 'say nothing but errors');
}

/** The flags as the library's options. */
export function toProcessOptions(flags: ProcessFlags): ProcessOptions {
  const { overwrite, start, duration, size, codec, crf, preset, pixelFormat, encoder, hwaccel } = flags;
  const { engine, device, precision, openvino, workers, threads, verify, trace, acceptTruncated } = flags;
  const encoding = { codec, crf, preset, pixelFormat, encoderOptions: encoder };
  const running = { hwaccel, engine, device, precision, openvino, workers, threads };
  return { overwrite, start, duration, size, ...encoding, ...running, verify, trace, acceptTruncated };
}

function positiveSeconds(text: string): number {
  return positive(String(seconds(text)));
}
