import { Option, type Command } from 'commander';
import type { ModelHints, TensorLayout, ValueRange } from '../engines/model-hints.js';
import type { UpscaleVariant } from '../jobs/upscale.js';
import { count } from './arguments.js';
import { addProcessOptions, toProcessOptions, type ProcessFlags } from './process-options.js';

interface UpscaleFlags extends ProcessFlags {
  readonly scale?: number;
  readonly variant?: UpscaleVariant;
  readonly model?: string;
  readonly modelRange?: ValueRange;
  readonly modelLayout?: TensorLayout;
  readonly tile?: number;
}

/** `vidstyle upscale input.mp4 [output.mp4] --scale 4`. */
export function registerUpscaleCommand(program: Command, { signal }: { readonly signal: AbortSignal }): void {
  const command = program
    .command('upscale')
    .description('enlarge a video or picture')
    .argument('<input>', 'video or picture')
    .argument('[output]', 'default: beside the input, as clip.x4.mp4')
    .option('--scale <n>', 'how many times larger (default: 2, or the model’s)', count)
    .addOption(
      new Option('--variant <name>', 'true to the original, sharper, or for compressed material').choices([
        'natural',
        'sharp',
        'video',
      ]),
    )
    .option('--model <name>', 'a preset, or any model.onnx that enlarges pictures')
    .addOption(
      new Option('--model-range <range>', 'values of a model of other origin (default: found out)').choices([
        '0..1',
        '0..255',
        '-1..1',
      ]),
    )
    .addOption(
      new Option('--model-layout <order>', 'axes of a model of other origin (default: found out)').choices([
        'nchw',
        'nhwc',
      ]),
    )
    .option('--tile <pixels>', 'side of the tiles that a model of other origin works in', count);
  addProcessOptions(command).action(
    async (input: string, output: string | undefined, flags: UpscaleFlags) => {
      const { upscale } = await import('../jobs/upscale.js');
      const { JobDisplay } = await import('./job-display.js');
      const { dryRun, endingOf, showJob } = await import('./run-job.js');
      const display = new JobDisplay((flags.quiet ?? false) || (flags.dryRun ?? false));
      const onNotice = (sentence: string): void => {
        display.say(sentence);
      };
      const { scale, variant, model } = flags;
      const hints = hintsOf(flags);
      const options = { ...toProcessOptions(flags), scale, variant, model, hints, signal, onNotice };
      if (flags.dryRun) {
        await dryRun(flags, endingOf(output ?? input), (trial, duration) =>
          upscale(input, { ...options, output: trial, duration }),
        );
        return;
      }
      await showJob(upscale(input, { ...options, output }), display, flags);
    },
  );
}

function hintsOf({ modelRange, modelLayout, tile }: UpscaleFlags): ModelHints {
  return {
    ...(modelRange && { range: modelRange }),
    ...(modelLayout && { layout: modelLayout }),
    ...(tile !== undefined && { tile }),
  };
}
