import { availableParallelism } from 'node:os';
import type { FrameGeometry } from '../media/frames.js';
import { divideCores, usefulThreads, type Parallelism } from '../workers/parallelism.js';

/** How pictures are restyled: at what size, and by how many networks. */
export interface WorkingMode {
  readonly geometry: FrameGeometry;
  /** How the cores are divided; default: as for files, see {@link divideCores}, or as the user wishes. */
  readonly division?: Parallelism;
}

/** What a user may have decided. */
export interface ModeWishes {
  readonly device?: string | undefined;
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
}

/**
 * The modes for an output, the best one first and each quicker than the one before. One network with all cores has a picture done
 * soonest, so that another style shows soonest; networks that share the cores do more pictures a second, each of them later; then
 * come smaller sizes, by all of these networks: a smaller picture is done soon enough by any of them.
 */
export function workingModes(
  output: Pick<FrameGeometry, 'width' | 'height'>,
  wishes: ModeWishes,
  cores = availableParallelism(),
): WorkingMode[] {
  const shared = workingSizes(output).map((geometry) => ({ geometry }));
  const [whole] = shared;
  const division = whole && oneNetwork(whole.geometry, wishes, cores);
  return division ? [{ ...whole, division }, ...shared] : shared;
}

/** One network with all useful cores, where the rule for files would have several with fewer. */
function oneNetwork(
  geometry: FrameGeometry,
  { device = 'cpu', workers, threads }: ModeWishes,
  cores: number,
): Parallelism | undefined {
  const isLeftToUs = workers === undefined && threads === undefined && device === 'cpu';
  const alone = { workers: 1, threads: Math.min(cores, usefulThreads) };
  const isQuicker = divideCores({ geometry, cores }).threads < alone.threads;
  return isLeftToUs && isQuicker ? alone : undefined;
}

/** The working sizes of an output: the whole, and three smaller ones. Sides are multiples of 4, as networks like them. */
function workingSizes({ width, height }: Pick<FrameGeometry, 'width' | 'height'>): FrameGeometry[] {
  return scales.map((scale) => ({
    width: scale === 1 ? width : toFours(width * scale),
    height: scale === 1 ? height : toFours(height * scale),
    format: 'rgb8',
  }));
}

const scales = [1, 0.75, 0.5, 0.375] as const;

function toFours(side: number): number {
  return Math.max(16, 4 * Math.round(side / 4));
}

/** How many times as loaded as it is in this mode the machine would be in a better one. */
export function growthBetween(mode: WorkingMode, better: WorkingMode): number {
  const pixels =
    (better.geometry.width * better.geometry.height) / (mode.geometry.width * mode.geometry.height);
  return pixels * (better.division && !mode.division ? costOfSharingFrames : 1);
}

/** Threads that share a frame wait for each other: 1.20 to 1.21 times as much with two cores at 320×180 and 640×360. */
const costOfSharingFrames = 1.2;

/** Whether a mode works at the same size as another. */
export function isSameSize({ geometry: a }: WorkingMode, { geometry: b }: WorkingMode): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Says that a mode takes another's place; `isBetter`: because there is time for it. */
export function describeChange(from: WorkingMode, to: WorkingMode, isBetter: boolean): string {
  const size = ({ geometry: { width, height } }: WorkingMode): string => `${width}×${height}`;
  if (isSameSize(from, to))
    return isBetter
      ? 'The networks have time to spare: one has all cores from now on.'
      : `One network is too slow for ${size(from)}: several share the cores from now on.`;
  return isBetter
    ? `The network has time to spare: working at ${size(to)} from now on.`
    : `The network is too slow for ${size(from)}: working at ${size(to)} from now on.`;
}
