import { Observable } from 'rxjs';
import { VidstyleError, isVidstyleError, messageOf } from '../errors.js';
import type { FrameSink } from '../media/frames.js';
import { FrameFlow } from './flow.js';
import type { PipelineOptions } from './options.js';
import type { Progress } from './progress.js';

/**
 * Runs every frame of the source through the pool and into the sink, in order, the stages at work on different frames
 * at the same time. Cold: subscribing starts it, once.
 *
 * Completes when the sink is finished and everything is closed. After an error, or an abort by the signal or by
 * unsubscribing, it closes source and pool and aborts the sink, and only then errors with the first cause
 * (VidstyleError 'aborted' for the signal).
 */
export function runPipeline(options: PipelineOptions): Observable<Progress> {
  return new Observable((subscriber) => {
    const ended = new AbortController();
    const onProgress = (progress: Progress): void => {
      subscriber.next(progress);
    };
    execute(options, ended, onProgress).then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
    return () => {
      ended.abort();
    };
  });
}

async function execute(
  options: PipelineOptions,
  ended: AbortController,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  let flow: FrameFlow | undefined;
  try {
    const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
    flow = new FrameFlow(options, signal);
    await flow.run(onProgress);
    await finish(options.sink);
  } catch (error) {
    // A source that waits for its next frame would not notice that the sink has failed.
    ended.abort();
    await stop(options, flow, error);
    throw error;
  }
  await closeInputs(options);
}

async function finish(sink: FrameSink): Promise<void> {
  try {
    await sink.finish();
  } catch (cause) {
    if (isVidstyleError(cause)) throw cause;
    throw new VidstyleError('output', `Finishing the output failed: ${messageOf(cause)}`, { cause });
  }
}

/** Closes everything after `error`. What fails on the way is a consequence of it and must not hide it. */
async function stop(options: PipelineOptions, flow: FrameFlow | undefined, error: unknown): Promise<void> {
  const poolClosed = options.pool.close();
  // Decoder and encoder must not be closed under the feet of a call that still uses them.
  await flow?.stop(error, options.graceMs ?? 3000);
  await Promise.allSettled([
    poolClosed,
    options.source.close(),
    options.mask?.close?.(),
    options.sink.abort(),
  ]);
}

async function closeInputs({ source, mask, pool, keepPool }: PipelineOptions): Promise<void> {
  await Promise.all([source.close(), mask?.close?.(), keepPool ? undefined : pool.close()]);
}
