import type { ModelHints } from '../engines/model-hints.js';
import type { ProcessOptions } from '../jobs/options.js';
import type { Report } from '../jobs/process.js';
import { restyle } from '../jobs/restyle.js';
import { upscale } from '../jobs/upscale.js';
import { findModel } from './models.js';
import type { Opened } from './perform.js';
import type { Spec } from './spec.js';

/** Runs `restyle` or `upscale` as the spec says: the whole file, or one range of its frames with the codec for segments. */
export async function runJob(
  { task, context, out }: Opened,
  input: string,
  output: string,
  segment: Pick<ProcessOptions, 'range' | 'codec'>,
): Promise<Pick<Report, 'frames' | 'notices'>> {
  const { settings, pools, signal, onProgress } = context;
  const { spec } = task;
  const model = await findModel(out, spec.model, settings.presets);
  const { size, crf, preset, pixelFormat, acceptTruncated, strength, keepColors, scale } = spec;
  const options: ProcessOptions = {
    ...{ size, crf, preset, pixelFormat, acceptTruncated, pools, signal },
    codec: segment.codec ?? spec.codec,
    encoderOptions: segment.range ? sameEverywhere(spec, segment.codec) : spec.encoderOptions,
    range: segment.range,
    framesOnly: segment.range !== undefined,
    // A segment is compared when it is joined.
    verify: segment.range === undefined && spec.verify === true,
    device: settings.device,
    hwaccel: settings.hwaccel,
    threads: settings.threads,
    engine: settings.engine === undefined ? undefined : new URL(settings.engine),
  };
  const hints = { ...spec.hints } as ModelHints;
  const job =
    spec.command === 'restyle'
      ? restyle(input, { ...options, output, style: styleText(spec, model), strength, keepColors, hints })
      : upscale(input, { ...options, output, model, scale, hints });
  job.progress.subscribe(({ framesDone, framesTotal, fps }) => {
    onProgress({ framesDone, framesTotal, fps });
  });
  return job.done;
}

function styleText({ blend }: Spec, model: string): string {
  return blend === undefined ? model : `${model}:${blend}`;
}

/**
 * Encoder settings that would otherwise depend on the machine: x264 and x265 decide differently with another number of threads,
 * and x265 writes the processor's abilities into its header.
 */
function sameEverywhere({ encoderOptions = {} }: Spec, codec = ''): Record<string, string | number> {
  if (!/^libx26[45]/.test(codec)) return encoderOptions;
  return { threads: 4, ...(codec === 'libx265' && { 'x265-params': 'info=0' }), ...encoderOptions };
}
