import { VidstyleError } from '../errors.js';

/** How much is measured: what a run of hours and a run of minutes differ in. */
export interface EvaluationPlan {
  /** Sides of the square pictures that Gatys' method and the networks are compared on, pixels. */
  readonly sizes: readonly number[];
  /** Iterations of Gatys' method at each of the sizes; the last number counts for those that follow. */
  readonly iterations: readonly number[];
  /** Sides at which networks are tried beyond the size that they were trained at, pixels. */
  readonly transferSizes: readonly number[];
  /** Photographs, at most. */
  readonly photos: number;
  /** Repetitions of every timing. */
  readonly rounds: number;
  /** Short side of the frames on which steadiness is measured, pixels. */
  readonly steadySize: number;
  /** Frames of each shot on which steadiness is measured. */
  readonly steadyFrames: number;
  /** Heights, of 16:9, at which whole jobs are measured, pixels. */
  readonly heights: readonly number[];
  /** Frames of each of these jobs. */
  readonly jobFrames: number;
  /** How often each whole job is run, those of other programs too. */
  readonly jobRounds: number;
  /** Frames that vidstyle and other programs are compared on. */
  readonly peerFrames: number;
  /** Size of these frames where they are restyled. Pixels. */
  readonly peerSize: { readonly width: number; readonly height: number };
}

/** What a user wants otherwise than planned. */
export type PlanChanges = { readonly [Key in keyof EvaluationPlan]?: EvaluationPlan[Key] | undefined };

/** Hours on two cores: the paper's sizes. */
const full: EvaluationPlan = {
  sizes: [256, 512, 1024],
  iterations: [500, 100, 20],
  transferSizes: [256, 512, 1024, 2048],
  photos: 2,
  rounds: 9,
  steadySize: 256,
  steadyFrames: 9,
  heights: [180, 360, 720, 1080, 2160],
  jobFrames: 24,
  jobRounds: 3,
  peerFrames: 120,
  peerSize: { width: 640, height: 360 },
};

/** Minutes: shows that everything works, and the order of magnitude. */
const quick: EvaluationPlan = {
  sizes: [128, 256],
  iterations: [30, 10],
  transferSizes: [128, 256, 512],
  photos: 1,
  rounds: 3,
  steadySize: 240,
  steadyFrames: 3,
  heights: [180, 360],
  jobFrames: 8,
  jobRounds: 1,
  peerFrames: 8,
  peerSize: { width: 640, height: 360 },
};

/** The named plan with what the user wants otherwise. @throws VidstyleError `usage` for a size too small for the networks */
export function choosePlan(isQuick: boolean, changes: PlanChanges): EvaluationPlan {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const plan = { ...(isQuick ? quick : full), ...(Object.fromEntries(given) as Partial<EvaluationPlan>) };
  const small = [...plan.sizes, ...plan.transferSizes, plan.steadySize, ...plan.heights].find(
    (size) => size < smallestSide,
  );
  if (small === undefined) return plan;
  throw new VidstyleError(
    'usage',
    `The size ${small} is too small: networks need ${smallestSide} pixels a side.`,
  );
}

const smallestSide = 48; // the paper's network mirrors 40 pixels at every border
