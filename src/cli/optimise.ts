import { type Command, Option } from 'commander';
import { count } from './arguments.js';

interface OptimiseFlags {
  readonly style: string;
  readonly output?: string;
  readonly iterations: number;
  readonly optimiser: 'lbfgs' | 'adam';
  readonly start: 'noise' | 'photo';
  readonly size?: number;
  readonly csv?: string;
  readonly vgg16?: string;
  readonly seed?: number;
}

/** `vidstyle optimise photo.jpg --style picture.jpg`: Gatys' method, the baseline. */
export function registerOptimiseCommand(program: Command, context: { readonly signal: AbortSignal }): void {
  program
    .command('optimise')
    .alias('optimize')
    .description(
      'optimise one picture instead of training a network (Gatys et al. 2015): slow, for comparison',
    )
    .argument('<photo>')
    .requiredOption('--style <picture>', 'style picture')
    .option('--output <file>', 'result (default: beside the photo)')
    .option('--iterations <n>', 'iterations', count, 500)
    .addOption(new Option('--optimiser <name>').choices(['lbfgs', 'adam']).default('lbfgs'))
    .addOption(
      new Option('--start <from>', 'noise as in the paper, or the photo')
        .choices(['noise', 'photo'])
        .default('noise'),
    )
    .option('--size <pixels>', 'scale the photo’s short side (default: its own size)', count)
    .option('--csv <file>', 'write the objective of every iteration')
    .option('--vgg16 <file>', 'the loss network’s weights')
    .option('--seed <n>', 'seed of the noise', count)
    .action(async (photo: string, flags: OptimiseFlags) => {
      const { optimiseJob } = await import('../jobs/optimise.js');
      const { style, csv, iterations } = flags;
      const output = flags.output ?? photo.replace(/\.\w+$/, '') + '.optimised.png';
      const objective = await optimiseJob({
        ...flags,
        photo,
        style,
        output,
        objectiveCsv: csv,
        signal: context.signal,
        onIteration: (iteration, value) => {
          if (iteration % 10 === 0 || iteration === iterations) {
            console.error(`iteration ${iteration}/${iterations}: objective ${value.toPrecision(5)}`);
          }
        },
      });
      console.error(`Wrote ${output}, objective ${objective.toPrecision(5)}.`);
    });
}
