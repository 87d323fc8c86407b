import { Option, type Command } from 'commander';
import type { UpscaleVariant } from '../jobs/upscale.js';
import { count } from './arguments.js';
import { addModelOptions, toModelHints, type ModelFlags } from './model-hints.js';
import { addProcessOptions, type ProcessFlags } from './process-options.js';

interface UpscaleFlags extends ProcessFlags, ModelFlags {
  readonly scale?: number;
  readonly variant?: UpscaleVariant;
  readonly model?: string;
  readonly matchHistogram?: boolean;
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
    .option('--match-histogram', 'give each frame the colours of its input, as the paper does');
  addModelOptions(addProcessOptions(command)).action(
    async (input: string, output: string | undefined, flags: UpscaleFlags) => {
      const { upscale } = await import('../jobs/upscale.js');
      const { runFileCommand } = await import('./run-job.js');
      const { scale, variant, model, matchHistogram } = flags;
      const own = { scale, variant, model, matchHistogram, hints: toModelHints(flags) };
      await runFileCommand({
        input,
        output,
        flags,
        signal,
        start: (options) => upscale(input, { ...options, ...own }),
      });
    },
  );
}
