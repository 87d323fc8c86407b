import type { Command } from 'commander';
import { join } from 'node:path';
import type { CommandContext } from './program.js';
import { addTrainSrCommand } from './train-sr.js';
import { addTrainStyleCommand } from './train-style.js';

/** `vidstyle train style …`, `vidstyle train sr …`, `vidstyle train export …`. */
export function registerTrainCommand(program: Command, context: CommandContext): void {
  const train = program.command('train').description('train networks on your own pictures');
  addTrainStyleCommand(train, context);
  addTrainSrCommand(train, context);
  train
    .command('export')
    .description('make a model of a training’s newest checkpoint')
    .argument('<folder>', 'the training’s folder')
    .argument('<output.onnx>')
    .option('--name <name>', 'the model’s name', 'young')
    .action(async (folder: string, output: string, { name }: { name: string }) => {
      const { exportCheckpoint } = await import('../training/export.js');
      await exportCheckpoint(join(folder, 'checkpoint.safetensors'), output, name);
      console.error(`Wrote ${output}.`);
    });
}
