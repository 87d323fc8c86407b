import { VidstyleError } from '../errors.js';
import { peakOf, samplesLike, type Raster } from './raster.js';

/**
 * Gives every channel of `picture` the distribution of values it has in `reference`, whatever the reference's size:
 * the paper's post-processing of super-resolved pictures, matched to the low-resolution input.
 * Values are mapped by cumulative distribution, with linear interpolation between the reference's values.
 *
 * @throws VidstyleError `usage` if the pictures differ in channels or in sample type
 */
export function matchHistogram<S extends Uint8Array | Uint16Array>(
  picture: Raster<S>,
  reference: Raster<S>,
): Raster<S> {
  const peak = peakOf(picture.data);
  if (picture.channels !== reference.channels || peak !== peakOf(reference.data)) {
    throw new VidstyleError(
      'usage',
      'Histograms are matched between pictures of the same channels and bit depth.',
    );
  }
  const matched = samplesLike(picture.data, picture.data.length);
  for (let channel = 0; channel < picture.channels; channel++) {
    const map = matchingMap(cumulative(picture, channel, peak), cumulative(reference, channel, peak));
    for (let i = channel; i < matched.length; i += picture.channels) {
      matched[i] = map[picture.data[i] as number] as number;
    }
  }
  return { ...picture, data: matched };
}

/** For each value, the share of the channel's samples at or below it. */
function cumulative({ data, channels, width, height }: Raster, channel: number, peak: number): Float64Array {
  const shares = new Float64Array(peak + 1);
  const share = 1 / (width * height);
  const counts = new Uint32Array(peak + 1);
  for (let i = channel; i < data.length; i += channels) {
    const value = data[i] as number;
    counts[value] = (counts[value] as number) + 1;
  }
  let below = 0;
  for (let value = 0; value <= peak; value++) {
    below += counts[value] as number;
    shares[value] = below * share;
  }
  return shares;
}

/** For each value of the source, the reference's value at the same share. Both sides only grow: one walk does it. */
function matchingMap(source: Float64Array, target: Float64Array): Float64Array {
  const map = new Float64Array(source.length);
  const occurring = valuesThatOccur(target);
  let next = 0;
  for (let value = 0; value < source.length; value++) {
    const share = source[value] as number;
    while (next < occurring.length - 1 && (target[occurring[next] as number] as number) < share) next++;
    const above = occurring[next] as number;
    const below = occurring[Math.max(next - 1, 0)] as number;
    const low = target[below] as number;
    const high = target[above] as number;
    const part = high > low ? Math.min(Math.max((share - low) / (high - low), 0), 1) : 1;
    map[value] = Math.round(below + part * (above - below));
  }
  return map;
}

function valuesThatOccur(shares: Float64Array): number[] {
  return Array.from(shares.keys()).filter((value) => (shares[value] as number) > (shares[value - 1] ?? 0));
}
