/** How the learning rate goes over a training. */
export interface Schedule {
  readonly steps: number;
  readonly rate: number;
  /** Steps over which the rate grows from nothing. */
  readonly warmup: number;
  /** `none`: constant, as in the paper. `cosine`: to a hundredth at the end. `late`: constant, then linear to a hundredth over the last third. */
  readonly decay: 'none' | 'cosine' | 'late';
}

/** The steps of a training whose length is a time. */
export const untilTimeIsUp = Number.MAX_SAFE_INTEGER;

/**
 * The learning rate of a step, counted from 0.
 * @param progress how much of the training is over, 0..1; by steps unless told otherwise
 */
export function rateAt(
  step: number,
  { steps, rate, warmup, decay }: Schedule,
  progress = Math.min(1, step / Math.max(1, steps)),
): number {
  const start = Math.min(1, (step + 1) / Math.max(1, warmup));
  const floor = 0.01;
  if (decay === 'none') return rate * start;
  if (decay === 'cosine')
    return rate * start * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2);
  return rate * start * Math.max(floor, Math.min(1, (1 - progress) * 3));
}
