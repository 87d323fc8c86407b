import type { Part } from '../part.js';
import { growth } from './growth.js';
import { objective } from './objective.js';
import { peers } from './peers.js';
import { speed } from './speed.js';
import { steadiness } from './steadiness.js';
import { superResolution } from './super-resolution.js';
import { transfer } from './transfer.js';

/** The parts of the report, in its order. */
export const parts: readonly Part[] = [
  speed,
  objective,
  transfer,
  superResolution,
  steadiness,
  growth,
  peers,
];
