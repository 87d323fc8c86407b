import { engineCandidates } from '../engines/candidates.js';
import type { EngineName } from '../engines/engine.js';

/** The engines of this machine that the report compares: TensorFlow.js, which is there for training, takes minutes where they take seconds. */
export async function comparedEngines(): Promise<EngineName[]> {
  return (await engineCandidates()).filter((engine) => engine !== 'tfjs');
}
