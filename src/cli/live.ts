import type { Command } from 'commander';
import { count, frameSize, positive, share } from './arguments.js';
import { addModelOptions, toModelHints, type ModelFlags } from './model-hints.js';
import { addEngineOptions, type EngineFlags } from './process-options.js';
import type { CommandContext } from './program.js';

interface LiveFlags extends ModelFlags, EngineFlags {
  readonly style?: string;
  readonly strength?: number;
  readonly keepColors?: boolean;
  readonly steady?: boolean;
  readonly listen?: boolean;
  readonly inputFormat?: string;
  readonly streamKey?: string;
  readonly streamKeyFile?: string;
  readonly latencyMs?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly fps?: number;
  readonly bitrate?: number;
  readonly preset?: string;
  readonly record?: string;
  readonly slate?: string;
  readonly console?: number;
  readonly consoleHost?: string;
  readonly consoleTokenFile?: string;
  readonly hwaccel?: string;
  readonly quiet?: boolean;
}

/** `vidstyle live rtmp://…/in rtmp://…/out --style wave`. */
export function registerLiveCommand(program: Command, { signal }: CommandContext): void {
  const command = program
    .command('live')
    .description('restyle a live stream with its sound and push it on')
    .argument('<input>', 'RTMP, SRT, RTSP or HLS address, a file, or a capture device')
    .argument('[output]', 'RTMP or RTMPS address; without one, use --record or --console')
    .option('--style <style>', 'a style, a blend "mosaic:0.7,wave:0.3", a model.onnx, or any picture')
    .option('--strength <0..1>', '1 the style, 0 the input', share)
    .option('--keep-colors', 'take only the brightness from the style')
    .option('--steady', 'hold still what stands still: less flicker where the camera is noisy')
    .option('--listen', 'wait for OBS or the like to push to <input>, as rtmp://127.0.0.1:1935/live')
    .option('--input-format <name>', 'FFmpeg’s capture device or format: v4l2, avfoundation, dshow, lavfi, …')
    .option('--stream-key <key>', 'the output’s secret; better in VIDSTYLE_STREAM_KEY or in a file')
    .option('--stream-key-file <file>', 'a file that holds the output’s secret')
    .option('--latency-ms <ms>', 'how long after its arrival a picture goes out (default: 500)', positive)
    .option('--size <WxH>', 'size of the output (default: the input’s)', frameSize)
    .option('--fps <n>', 'pictures a second of the output (default: the input’s)', positive)
    .option('--bitrate <kbps>', 'of the picture (default: by size and pictures a second)', positive)
    .option('--preset <name>', 'x264’s speed preset (default: superfast)')
    .option('--record <file>', 'write the output to a file as well: .mkv, .mp4, .mov, .flv, .ts')
    .option('--slate <picture>', 'shown while the input is gone (default: its last picture is held)')
    .option('--console <port>', 'serve a page on this machine that shows and controls the stream', count)
    .option('--console-host <address>', 'serve it to others as well; takes a token')
    .option('--console-token-file <file>', 'the token; or in VIDSTYLE_CONSOLE_TOKEN')
    .option('--hwaccel <device>', 'decode on a device: cuda, vaapi, videotoolbox, …')
    .option('--quiet', 'say nothing but errors');
  addModelOptions(addEngineOptions(command)).action(
    async (input: string, output: string | undefined, flags: LiveFlags) => {
      // The title takes the place of the arguments in process listings: they may hold a stream key.
      process.title = 'vidstyle live';
      const { runLiveCommand } = await import('./run-live.js');
      await runLiveCommand({ input, output, flags, hints: toModelHints(flags), signal });
    },
  );
}

export type { LiveFlags };
