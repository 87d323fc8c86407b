import type { Order } from '../batch/plan.js';
import type { BatchWork } from '../batch/spec.js';
import type { UpscaleVariant } from '../jobs/upscale.js';
import { toModelHints, type ModelFlags } from './model-hints.js';
import type { ProcessFlags } from './process-options.js';

/** Flags of `vidstyle batch`. */
export interface BatchFlags
  extends
    ModelFlags,
    Pick<
      ProcessFlags,
      'size' | 'codec' | 'crf' | 'preset' | 'pixelFormat' | 'encoder' | 'hwaccel' | 'device'
    >,
    Pick<ProcessFlags, 'threads' | 'verify' | 'acceptTruncated' | 'dryRun' | 'json' | 'quiet'> {
  readonly out?: string;
  readonly style?: string;
  readonly strength?: number;
  readonly keepColors?: boolean;
  readonly upscale?: number;
  readonly variant?: UpscaleVariant;
  readonly model?: string;
  readonly filter?: string[];
  readonly limit?: number;
  readonly order?: Order;
  readonly onError?: 'continue' | 'stop';
  readonly retries?: number;
  readonly jobs?: number;
  readonly segment?: number;
  readonly redis?: string;
  readonly redisCa?: string;
  readonly board?: string;
}

/** What the flags ask to be done to every file; undefined unless it is one thing. */
export function workOf(flags: BatchFlags): BatchWork | undefined {
  const { style, strength, keepColors, upscale, variant, model } = flags;
  const { size, codec, crf, preset, pixelFormat, encoder, acceptTruncated, verify } = flags;
  const hints = toModelHints(flags);
  const shared = {
    ...{ size, codec, crf, preset, pixelFormat, encoderOptions: encoder, acceptTruncated, verify },
    ...(Object.keys(hints).length > 0 && { hints }),
  };
  const enlarges = upscale !== undefined || model !== undefined;
  if ((style !== undefined) === enlarges) return undefined;
  return style === undefined
    ? { command: 'upscale', scale: upscale, variant, model, ...shared }
    : { command: 'restyle', style, strength, keepColors, ...shared };
}
