import type { Command } from 'commander';
import type { SrScores } from '../jobs/evaluate-sr.js';
import { count } from './arguments.js';

interface EvaluateSrFlags {
  readonly data: string;
  readonly scale: number;
  readonly model?: readonly string[];
  readonly presets: boolean;
  readonly vgg16?: string;
  readonly matchHistogram?: boolean;
  readonly threads?: number;
  readonly device?: string;
  readonly json?: boolean;
}

/** `vidstyle evaluate sr --data folder --scale 4`: the tables of the papers, on your pictures. */
export function registerEvaluateSr(evaluate: Command, context: { readonly signal: AbortSignal }): void {
  evaluate
    .command('sr')
    .description('score enlargement: PSNR, SSIM, perceptual distance, time')
    .requiredOption(
      '--data <folder>',
      'test pictures: *_HR.png with *_LR.png, or any pictures, or folders of them',
    )
    .requiredOption('--scale <n>', 'how many times larger', count)
    .option('--model <files...>', 'models to score beside bicubic and the presets')
    .option('--no-presets', 'leave the presets out')
    .option('--vgg16 <file>', 'the loss network’s weights, for the perceptual distance')
    .option('--match-histogram', 'give results the colours of their input, as the paper does')
    .option('--threads <n>', 'threads of each network (default: all cores)', count)
    .option('--device <name>', 'where the networks run')
    .option('--json', 'rows as JSON on standard output')
    .action(async ({ model, matchHistogram, json, ...flags }: EvaluateSrFlags) => {
      const { evaluateSr } = await import('../jobs/evaluate-sr.js');
      if (!json) console.log(heading);
      const rows = await evaluateSr({
        ...flags,
        models: model,
        histogram: matchHistogram,
        signal: context.signal,
        onRow: (row) => {
          if (!json) console.log(formatRow(row));
        },
        onNotice: (sentence) => {
          console.error(sentence);
        },
      });
      if (json) console.log(JSON.stringify(rows));
    });
}

const heading =
  'set          method                    PSNR Y  SSIM Y   PSNR RGB  SSIM RGB  relu2_2 distance  ms/picture';

function formatRow(row: SrScores): string {
  const { set, method, psnrY, ssimY, psnrRgb, ssimRgb, perceptual, msPerPicture } = row;
  return [
    set.padEnd(12),
    method.padEnd(24),
    psnrY.toFixed(2).padStart(7),
    ssimY.toFixed(4).padStart(7),
    psnrRgb.toFixed(2).padStart(10),
    ssimRgb.toFixed(4).padStart(9),
    (perceptual?.toFixed(0) ?? '–').padStart(17),
    msPerPicture.toFixed(1).padStart(11),
  ].join(' ');
}
