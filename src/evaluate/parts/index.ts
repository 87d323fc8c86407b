import type { Part } from '../part.js';
import { objective } from './objective.js';
import { speed } from './speed.js';
import { steadiness } from './steadiness.js';
import { transfer } from './transfer.js';

/** The parts of the report, in its order. */
export const parts: readonly Part[] = [speed, objective, transfer, steadiness];
