import { InvalidArgumentError, type Command } from 'commander';
import { count, frameSize } from './arguments.js';

interface EvaluateAllFlags {
  readonly data: string;
  readonly out: string;
  readonly only?: readonly string[];
  readonly quick?: boolean;
  readonly photo?: readonly string[];
  readonly clip?: readonly string[];
  readonly model?: readonly string[];
  readonly style?: readonly string[];
  readonly vgg16?: string;
  readonly threads?: number;
  readonly sizes?: readonly number[];
  readonly iterations?: readonly number[];
  readonly transferSizes?: readonly number[];
  readonly photos?: number;
  readonly rounds?: number;
  readonly peerSize?: { readonly width: number; readonly height: number };
}

/** `vidstyle evaluate all --data folder --out report/`: everything measured, in one report. */
export function registerEvaluateAll(evaluate: Command, { signal }: { readonly signal: AbortSignal }): void {
  evaluate
    .command('all')
    .description('measure everything on your material and write one report')
    .requiredOption('--data <folder>', 'photographs at its top; styles/, clips/, sr/ below it')
    .requiredOption('--out <folder>', 'where report.md and report.html go; parts that are there stay')
    .option('--only <parts>', 'parts to make, such as speed,objective', list)
    .option('--quick', 'minutes instead of hours')
    .option('--photo <files...>', 'photographs instead of the folder’s')
    .option('--clip <files...>', 'clips instead of the folder’s')
    .option('--model <files...>', 'style networks instead of the presets')
    .option('--style <names>', 'styles, such as mosaic,wave; the first is optimised too', list)
    .option('--vgg16 <file>', 'the loss network’s weights')
    .option('--threads <n>', 'threads of each network (default: all cores)', count)
    .option('--sizes <list>', 'sides to compare with Gatys’ method at, such as 256,512', counts)
    .option('--iterations <list>', 'of Gatys’ method at each of the sizes', counts)
    .option('--transfer-sizes <list>', 'sides to try networks at', counts)
    .option('--photos <n>', 'photographs at most', count)
    .option('--peer-size <WxH>', 'what other programs restyle too (default: 640x360)', frameSize)
    .option('--rounds <n>', 'repetitions of each timing', count)
    .action(async (flags: EvaluateAllFlags) => {
      const { evaluate: run } = await import('../evaluate/evaluate.js');
      const { data, out, only, quick, photo, clip, model, style, vgg16, threads, ...plan } = flags;
      const { files, failed } = await run({
        ...{ data, out, only, quick, vgg16, threads, plan, signal },
        ...{ photos: photo, clips: clip, models: model, styles: style },
        command: ['vidstyle', ...process.argv.slice(2)].join(' '),
        onProgress: (sentence) => {
          console.error(sentence);
        },
      });
      for (const { part, reason } of failed) console.error(`Not measured: ${part}: ${reason}`);
      console.error(`Wrote ${files.join(' and ')}.`);
      if (failed.length > 0) process.exitCode = 1;
    });
}

/** `a,b,c`. */
function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Give names with commas between them.');
  return names;
}

/** `256,512`. */
function counts(text: string): number[] {
  return list(text).map(count);
}
