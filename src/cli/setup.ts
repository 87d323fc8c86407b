import { Option, type Command } from 'commander';
import type { SetupOptions, SetupResult } from '../setup/context.js';
import type { CommandContext } from './program.js';

/** `vidstyle setup …`: brings the optional parts, checksums verified, into the user's cache folder. */
export function registerSetupCommand(program: Command, { signal }: CommandContext): void {
  const setup = program
    .command('setup')
    .description('bring optional parts: training, vgg16, arbitrary, openvino');
  const run = async (work: (options: SetupOptions) => Promise<SetupResult>): Promise<void> => {
    let last = '';
    const result = await work({
      signal,
      onProgress: ({ step }) => {
        if (step !== last) process.stderr.write(`${step} …\n`);
        last = step;
      },
    });
    for (const notice of result.notices) process.stderr.write(`${notice}\n`);
    process.stderr.write(`${result.outcome === 'present' ? 'Already there' : 'Ready'}: ${result.path}\n`);
  };
  setup
    .command('training')
    .description('TensorFlow for Node, for "vidstyle train"')
    .addOption(new Option('--gpu', 'the library for NVIDIA GPUs'))
    .action(async ({ gpu }: { gpu?: boolean }) => {
      const { setupTraining } = await import('../setup/training.js');
      await run((options) => setupTraining({ ...options, ...(gpu && { gpu }) }));
    });
  setup
    .command('vgg16')
    .description('the loss network’s weights, 59 MB')
    .option('--from <file>', 'a copy at hand (.h5 or .safetensors)')
    .action(async ({ from }: { from?: string }) => {
      const { setupVgg16 } = await import('../setup/vgg16.js');
      await run((options) => setupVgg16({ ...options, ...(from !== undefined && { from }) }));
    });
  setup
    .command('arbitrary')
    .description('the networks behind "--style any-picture.jpg"')
    .action(async () => {
      const { setupArbitrary } = await import('../setup/arbitrary.js');
      await run(setupArbitrary);
    });
  setup
    .command('openvino')
    .description('OpenVINO’s libraries')
    .action(async () => {
      const { setupOpenvino } = await import('../setup/openvino.js');
      await run(setupOpenvino);
    });
}
