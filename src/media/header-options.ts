import type { Container } from './container.js';
import { needsFreeKeys } from './metadata.js';
import type * as av from './node-av.js';
import type { VideoSource } from './open-video.js';

/** The muxer's options that keep timestamps and metadata as they are. */
export function headerOptions(
  container: Container,
  source: VideoSource,
  format: av.FormatContext,
): Record<string, string> {
  if (container.isoBased) return isoOptions(container, source, format);
  // Matroska holds times before zero (sound's priming) relative to the cluster; shifting everything would change every
  // timestamp of the video.
  if (container.matroska) return { avoid_negative_ts: 'disabled' };
  return {};
}

function isoOptions(
  container: Container,
  source: VideoSource,
  format: av.FormatContext,
): Record<string, string> {
  const options: Record<string, string> = {};
  const rates = format.streams.map((stream) =>
    BigInt(stream.codecpar.sampleRate > 0 ? stream.codecpar.sampleRate : 1),
  );
  const ticks = BigInt(source.timeBase.den);
  if (ticks <= maximumTimescale) {
    options['video_track_timescale'] = String(ticks);
    // Edit lists, which hold where each stream starts, count in the movie's own ticks: make those fine enough for all.
    const common = rates.reduce(leastCommonMultiple, ticks);
    options['movie_timescale'] = String(common <= maximumTimescale ? common : ticks);
  }
  if (needsFreeKeys(source.info, container)) options['movflags'] = '+use_metadata_tags';
  return options;
}

const maximumTimescale = 2n ** 31n - 1n;

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}
