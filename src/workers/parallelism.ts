import { availableParallelism, totalmem } from 'node:os';
import type { FrameGeometry } from '../media/frames.js';

/** How a machine's cores are divided. */
export interface Parallelism {
  /** Worker threads, each with a network of its own. */
  readonly workers: number;
  /** Threads of each network. */
  readonly threads: number;
}

/** What is wished for or given; the machine's own where absent. */
export interface ParallelismFacts {
  readonly geometry: Pick<FrameGeometry, 'width' | 'height'>;
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  /** Devices that each want a worker; one of them, the CPU, by default. */
  readonly devices?: readonly string[];
  readonly cores?: number;
  /** Bytes. */
  readonly memory?: number;
}

/** Networks for small frames at most: each has its own copy of the weights, and its frame to wait for. */
const mostNetworks = 8;
/** More threads than this wait for each other, even on a large frame. */
export const usefulThreads = 8;
/** Above this the memory of several networks is worse than threads that wait for each other. */
const largePixels = 1e6;
/** What a network of ours holds at a time; 1920×1080 takes 440 MB. */
const bytesPerPixel = 220;

/**
 * Divides the cores by the frames' size: small frames have a network a core, because threads that share a frame wait for each other at
 * each of its layers, large ones as few networks as there are useful threads for; never more than a quarter of the memory
 * holds. What the caller wishes counts first.
 */
export function divideCores({
  geometry: { width, height },
  workers,
  threads,
  devices = [],
  cores = availableParallelism(),
  memory = totalmem(),
}: ParallelismFacts): Parallelism {
  const pixels = width * height;
  const wanted = pixels < largePixels ? Math.min(cores, mostNetworks) : Math.floor(cores / usefulThreads);
  const held = Math.floor(memory / 4 / (pixels * bytesPerPixel));
  const onCpu = devices.every((device) => device === 'cpu');
  // Whoever names the threads of a network, or another device, has something else to do with the other cores.
  const own = onCpu && threads === undefined ? Math.min(wanted, held) : 1;
  const count = workers ?? Math.max(1, devices.length, own);
  return { workers: count, threads: threads ?? Math.max(1, Math.floor(cores / count)) };
}
