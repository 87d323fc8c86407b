import type { Container } from './container.js';
import type { VideoInfo } from './video-info.js';

/** A file's own metadata as an output container takes it. */
export interface CarriedMetadata {
  readonly kept: Readonly<Record<string, string>>;
  /** Keys that the container has no place for. */
  readonly lost: readonly string[];
}

/** The input's metadata for an output, without what described the input file itself. */
export function carryMetadata(info: VideoInfo, container: Container): CarriedMetadata {
  const entries = Object.entries(info.metadata).filter(([key]) => !ofTheFile.has(key.toLowerCase()));
  const free = container.matroska || needsFreeKeys(info, container);
  const held = entries.filter(([key]) => free || heldKeys(container).has(key.toLowerCase()));
  const kept = Object.fromEntries(held);
  return { kept, lost: entries.map(([key]) => key).filter((key) => !(key in kept)) };
}

/**
 * Whether MP4's newer metadata box is needed, which holds any key but which many players do not read: for QuickTime's
 * own keys (`com.apple.quicktime.location.ISO6709`), and where no key is a common one anyway.
 */
export function needsFreeKeys(info: VideoInfo, container: Container): boolean {
  if (!container.isoBased) return false;
  const keys = Object.keys(info.metadata).filter((key) => !ofTheFile.has(key.toLowerCase()));
  const common = keys.filter((key) => isoKeys.has(key.toLowerCase()));
  return keys.some((key) => key.startsWith('com.')) || (keys.length > 0 && common.length === 0);
}

/** What the container writes by itself, or what described the input. */
const ofTheFile: ReadonlySet<string> = new Set([
  ...['major_brand', 'minor_version', 'compatible_brands', 'encoder', 'software', 'duration'],
]);

function heldKeys(container: Container): ReadonlySet<string> {
  if (container.isoBased) return isoKeys;
  return container.name === 'avi' ? aviKeys : container.name === 'mpegts' ? transportKeys : noKeys;
}

const isoKeys: ReadonlySet<string> = new Set([
  ...[
    'title',
    'artist',
    'album_artist',
    'album',
    'composer',
    'date',
    'comment',
    'genre',
    'copyright',
    'grouping',
  ],
  ...[
    'lyrics',
    'description',
    'synopsis',
    'show',
    'episode_id',
    'network',
    'keywords',
    'creation_time',
    'track',
  ],
  ...['disc', 'season_number', 'episode_sort', 'compilation', 'media_type', 'hd_video', 'gapless_playback'],
]);
const aviKeys: ReadonlySet<string> = new Set([
  'title',
  'artist',
  'copyright',
  'comment',
  'genre',
  'date',
  'language',
]);
const transportKeys: ReadonlySet<string> = new Set(['service_name', 'service_provider']);
const noKeys: ReadonlySet<string> = new Set();
