import { Command } from 'commander';
import { packageVersion } from '../paths.js';
import { registerBatchCommand } from './batch.js';
import { registerDoctorCommand } from './doctor.js';
import { registerEvaluateCommand } from './evaluate.js';
import { registerLiveCommand } from './live.js';
import { registerOptimiseCommand } from './optimise.js';
import { registerRestyleCommand } from './restyle.js';
import { registerSetupCommand } from './setup.js';
import { registerStylesCommand } from './styles.js';
import { registerTrainCommand } from './train.js';
import { registerUpscaleCommand } from './upscale.js';
import { registerWorkerCommand } from './worker.js';

/** What every command gets from the process. */
export interface CommandContext {
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The whole command line; commands import what they need when they run, so that `--help` is quick. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('vidstyle')
    .description('Restyle and upscale video with feed-forward networks, and train those networks.')
    .version(packageVersion, '--version')
    .option('--debug', 'show everything that is known about an error')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'vidstyle: '));
      },
    }) // prettier-ignore
    .showHelpAfterError('Add --help for all options.')
    .addHelpText('after', examples);
  registerRestyleCommand(program, context);
  registerUpscaleCommand(program, context);
  registerLiveCommand(program, context);
  registerBatchCommand(program, context);
  registerWorkerCommand(program, context);
  registerStylesCommand(program, context);
  registerTrainCommand(program, context);
  registerOptimiseCommand(program, context);
  registerEvaluateCommand(program, context);
  registerSetupCommand(program, context);
  registerDoctorCommand(program);
  return program;
}

const examples = `
Examples:
  vidstyle clip.mp4 --style mosaic                      restyle: clip.mosaic.mp4
  vidstyle clip.mp4 --style mosaic:0.7,wave:0.3         blend two styles
  vidstyle photo.jpg --style candy --keep-colors        pictures too
  vidstyle upscale clip.mp4 --scale 4                   enlarge: clip.x4.mp4
  vidstyle live rtmp://127.0.0.1/live/in rtmp://127.0.0.1/live/out --style wave
                                                        a live stream
  vidstyle restyle --help                               all options of restyling`;
