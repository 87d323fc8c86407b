import { Option, type Command } from 'commander';
import { share } from './arguments.js';
import { addProcessOptions, toProcessOptions, type ProcessFlags } from './process-options.js';
import type { CommandContext } from './program.js';

interface RestyleFlags extends ProcessFlags {
  readonly style?: string;
  readonly strength?: number;
  readonly keepColors?: boolean;
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
    .option('--mask <file>', 'picture or video, white where the style shows')
    .addOption(new Option('--compare <how>', 'show the original too').choices(['side', 'split']));
  addProcessOptions(command).action(
    async (input: string, output: string | undefined, flags: RestyleFlags) => {
      const { VidstyleError } = await import('../errors.js');
      const { style } = flags;
      if (style === undefined) {
        throw new VidstyleError('usage', 'Name a style with --style; "vidstyle styles" lists them.');
      }
      const { restyle } = await import('../jobs/restyle.js');
      const { JobDisplay } = await import('./job-display.js');
      const { dryRun, endingOf, showJob } = await import('./run-job.js');
      const display = new JobDisplay((flags.quiet ?? false) || (flags.dryRun ?? false));
      const onNotice = (sentence: string): void => {
        display.say(sentence);
      };
      const options = { ...toProcessOptions(flags), ...pick(flags), style, signal, onNotice };
      if (flags.dryRun) {
        await dryRun(flags, endingOf(output ?? input), (trial, duration) =>
          restyle(input, { ...options, output: trial, duration }),
        );
        return;
      }
      await showJob(restyle(input, { ...options, output }), display, flags);
    },
  );
}

const pick = ({ strength, keepColors, mask, compare }: RestyleFlags) => ({
  strength,
  keepColors,
  mask,
  compare,
});
