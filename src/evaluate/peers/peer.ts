import type { EvaluatedStyle } from '../styles.js';
import type { Scratch } from './scratch.js';

/** What all peers are given: the same clip, as a file and as frames. */
export interface PeerWork {
  /** H.264 in MP4. */
  readonly clip: string;
  /** The same frames, packed RGB one after the other. */
  readonly frames: string;
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** How many times a forward pass is timed, and a whole job. */
  readonly rounds: number;
  readonly jobRounds: number;
  /** Threads; default the peer's own choice. */
  readonly threads: number | undefined;
  /** A folder for results, empty. */
  readonly folder: string;
  /** The style of vidstyle's own network. */
  readonly style: EvaluatedStyle;
  /** Factor of enlargement. */
  readonly scale: number;
  readonly signal: AbortSignal | undefined;
}

/** What a peer took; what it has not is absent. */
export interface PeerCost {
  /** Of whole jobs: the clip in, a clip out; see {@link import('./whole-jobs.js').timeJobs}. */
  readonly framesPerSecond?: readonly number[];
  /** Of frames in memory, once it is warm. */
  readonly forwardMs?: readonly number[];
  /** Largest resident set of the process that did it. */
  readonly largestBytes?: number;
  /** File of the enlarged frames, packed RGB, for scoring; as many as it wrote. */
  readonly enlarged?: string;
}

/** Something else that one could install. */
export interface Peer {
  readonly name: string;
  /** @throws VidstyleError `setup` if it cannot be installed or run */
  measure(work: PeerWork, scratch: Scratch): Promise<PeerCost>;
}
