import { Option, type Command } from 'commander';
import { count, notNegative, positive, share } from './arguments.js';
import type { BatchFlags } from './batch-options.js';
import { addModelOptions } from './model-hints.js';
import { addEncodingOptions } from './process-options.js';
import type { CommandContext } from './program.js';
import { addS3Option } from './s3-option.js';

/** `vidstyle batch ARCHIVE --out DONE --upscale 2`, and `batch status|retry|cancel DONE`. */
export function registerBatchCommand(program: Command, { signal }: CommandContext): void {
  const batch = program
    .command('batch')
    .description('restyle or upscale a whole archive; the same command again goes on where it ended');
  const run = batch
    .command('run', { isDefault: true })
    .description(
      'the default: "vidstyle batch archive/ --out done/ --upscale 2"; --help after it shows all options',
    )
    .argument('<archive>', 'a folder, or a pattern such as "archive/2019-*.mp4"')
    .option(
      '--out <folder>',
      'where the results go, in the same tree; archive and results may be s3://bucket/prefix',
    )
    .option('--style <style>', 'restyle: a style, a blend, a model.onnx, or any picture')
    .option('--strength <0..1>', '1 the style, 0 the input', share)
    .option('--keep-colors', 'take only the brightness from the style')
    .option('--upscale <n>', 'enlarge so many times', count)
    .addOption(new Option('--variant <name>', 'of the upscaler').choices(['natural', 'sharp', 'video']))
    .option('--model <name>', 'an upscaler by name, or any model.onnx that enlarges pictures')
    .option('--filter <glob>', 'take only these, as "**/*.mp4"; can be repeated', gather)
    .option('--limit <n>', 'so many files at most', count)
    .addOption(
      new Option('--order <how>', 'which first').choices(['name', 'smallest', 'largest', 'oldest', 'newest']),
    ) // prettier-ignore
    .addOption(new Option('--on-error <what>', 'when a file cannot be done').choices(['continue', 'stop']))
    .option('--retries <n>', 'try a failed task again so many times (default: 2)', notNegative)
    .option('--jobs <n>', 'processes at work at once (default: 1)', count)
    .option('--redis <url>', 'have it done by the workers on redis://host (rediss:// for TLS)')
    .option('--redis-ca <file>', 'certificates (PEM) that the one of rediss:// may be signed by')
    .option('--board <[host:]port>', 'with --redis: show the queue on a web page meanwhile')
    .option('--segment <seconds>', 'length of the pieces of long files (default: 30)', positive);
  addEncodingOptions(run)
    .option('--device <name>', 'where the network runs: cpu, cuda, tensorrt, directml, coreml, webgpu')
    .option('--threads <n>', 'threads of each network (default: the cores divided among the jobs)', count)
    .option('--verify', 'compare every output with its input; a difference is a failure')
    .option('--accept-truncated', 'use what is there of damaged files')
    .option('--dry-run', 'try a file and say how long all would take, how large they would be; write nothing')
    .option('--json', 'one report on standard output at the end')
    .option('--quiet', 'say nothing but errors');
  addS3Option(addModelOptions(run)).action(async (archive: string, flags: BatchFlags) => {
    const { runBatchCommand } = await import('./run-batch.js');
    await runBatchCommand(archive, flags, signal);
  });
  addS3Option(batch.command('status'))
    .description('what the last batch into a folder has done')
    .argument('<out>', 'the folder of results')
    .option('--json', 'as JSON')
    .action(async (out: string, flags: { readonly json?: boolean }) => {
      const { showStatus } = await import('./batch-status.js');
      await showStatus(out, flags);
    });
  addS3Option(batch.command('retry'))
    .description('let the next run try failed files again')
    .argument('<out>', 'the folder of results')
    .option('--filter <glob>', 'only these; can be repeated', gather)
    .option('--json', 'as JSON')
    .action(async (out: string, flags: { readonly json?: boolean; readonly filter?: string[] }) => {
      const { retryFiles } = await import('./batch-status.js');
      await retryFiles(out, flags);
    });
  addS3Option(batch.command('cancel'))
    .description('end the batch at work; what is done stays')
    .argument('<out>', 'the folder of results')
    .option('--json', 'as JSON')
    .action(async (out: string, flags: { readonly json?: boolean }) => {
      const { cancelWork } = await import('./batch-status.js');
      await cancelWork(out, flags);
    });
}

function gather(text: string, known: readonly string[] = []): string[] {
  return [...known, text];
}
