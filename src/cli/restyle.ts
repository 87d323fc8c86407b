import { Option, type Command } from 'commander';
import { share } from './arguments.js';
import { addModelOptions, toModelHints, type ModelFlags } from './model-hints.js';
import { addProcessOptions, type ProcessFlags } from './process-options.js';
import type { CommandContext } from './program.js';

interface RestyleFlags extends ProcessFlags, ModelFlags {
  readonly style?: string;
  readonly strength?: number;
  readonly keepColors?: boolean;
  readonly steady?: boolean;
  readonly mask?: string;
  readonly compare?: 'side' | 'split';
}

/** The default command: `vidstyle input.mp4 [output.mp4] --style mosaic`. */
export function registerRestyleCommand(program: Command, { signal }: CommandContext): void {
  const command = program
    .command('restyle', { isDefault: true })
    .description('restyle a video or picture (the default command: "vidstyle clip.mp4 --style mosaic")')
    .argument('<input>', 'video or picture')
    .argument('[output]', 'default: beside the input, as clip.mosaic.mp4')
    .option('--style <style>', 'a style, a blend "mosaic:0.7,wave:0.3", a model.onnx, or any picture')
    .option('--strength <0..1>', '1 the style, 0 the input', share)
    .option('--keep-colors', 'take only the brightness from the style')
    .option('--steady', 'hold still what stands still: less flicker where the input is noisy')
    .option('--mask <file>', 'picture or video, white where the style shows')
    .addOption(new Option('--compare <how>', 'show the original too').choices(['side', 'split']));
  addModelOptions(addProcessOptions(command)).action(
    async (input: string, output: string | undefined, flags: RestyleFlags) => {
      const { style, strength, keepColors, steady, mask, compare } = flags;
      if (style === undefined) {
        const { VidstyleError } = await import('../errors.js');
        throw new VidstyleError('usage', 'Name a style with --style; "vidstyle styles" lists them.');
      }
      const { restyle } = await import('../jobs/restyle.js');
      const { runFileCommand } = await import('./run-job.js');
      const hints = toModelHints(flags);
      const own = { style, strength, keepColors, steady, mask, compare, hints };
      await runFileCommand({
        input,
        output,
        flags,
        signal,
        start: (options) => restyle(input, { ...options, ...own }),
      });
    },
  );
}
