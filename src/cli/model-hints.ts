import { Option, type Command } from 'commander';
import type { ModelHints, TensorLayout, ValueRange } from '../engines/model-hints.js';
import { count } from './arguments.js';

/** What a user can tell about a model of other origin. */
export interface ModelFlags {
  readonly modelRange?: ValueRange;
  readonly modelLayout?: TensorLayout;
  readonly tile?: number;
}

export function addModelOptions(command: Command): Command {
  return command
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
}

/** The flags as the library's options. */
export function toModelHints({ modelRange, modelLayout, tile }: ModelFlags): ModelHints {
  return {
    ...(modelRange && { range: modelRange }),
    ...(modelLayout && { layout: modelLayout }),
    ...(tile !== undefined && { tile }),
  };
}
