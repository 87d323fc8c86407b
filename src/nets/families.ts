import { VidstyleError } from '../errors.js';
import type { Network } from './layers.js';
import type { NetworkSpec } from './metadata.js';
import { ecbsrNet, espcnNet, fsrcnnNet, paperSrNet, srcnnNet, srvggNet } from './sr.js';
import { fastStyleNet, paperStyleNet } from './style.js';

const families: Readonly<Record<string, (options: Record<string, unknown>) => Network>> = {
  'paper-style': paperStyleNet,
  'fast-style': fastStyleNet,
  'paper-sr': paperSrNet,
  srcnn: srcnnNet,
  espcn: espcnNet,
  fsrcnn: fsrcnnNet,
  ecbsr: ecbsrNet,
  srvgg: srvggNet,
};

/**
 * Builds the network that a model file or a checkpoint names.
 * @throws VidstyleError `model` for a family this version does not know
 */
export function buildNetwork(spec: NetworkSpec): Network {
  const build = families[spec.family];
  if (build) return build(spec.options);
  const known = Object.keys(families).join(', ');
  throw new VidstyleError('model', `There is no network family "${spec.family}"; known are ${known}.`);
}
