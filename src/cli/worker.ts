import type { Command } from 'commander';
import { count } from './arguments.js';
import type { CommandContext } from './program.js';
import { addS3Option } from './s3-option.js';

interface WorkerFlags {
  readonly redis: string;
  readonly redisCa?: string;
  readonly root?: string[];
  readonly device?: string;
  readonly hwaccel?: string;
  readonly jobs?: number;
  readonly threads?: number;
}

/** `vidstyle worker --redis redis://host --root /mnt/archive`. */
export function registerWorkerCommand(program: Command, { signal }: CommandContext): void {
  addS3Option(program.command('worker'))
    .description('do tasks of batches that were started with --redis')
    .requiredOption('--redis <url>', 'redis://host, or rediss://host for TLS')
    .option('--redis-ca <file>', 'certificates (PEM) that the one of rediss:// may be signed by')
    .option(
      '--root <folder>',
      'a folder or s3://bucket/prefix that tasks may use; can be repeated',
      (folder: string, known?: string[]) => [...(known ?? []), folder],
    ) // prettier-ignore
    .option('--device <name>', 'take the tasks for this device (default: cpu)')
    .option('--hwaccel <device>', 'decode on a device: cuda, vaapi, videotoolbox, …')
    .option('--jobs <n>', 'tasks at once (default: 1)', count)
    .option('--threads <n>', 'threads of each network (default: all cores)', count)
    .action(async ({ redis, redisCa, root = [], device, hwaccel, jobs, threads }: WorkerFlags) => {
      const { requireSomeRoots, runWorker } = await import('../batch/worker.js');
      requireSomeRoots(root);
      const settings = { hwaccel, threads };
      const onNotice = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
      await runWorker({ redis, redisCa, roots: root, device, jobs, settings, onNotice, signal });
    });
}
