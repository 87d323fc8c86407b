import * as av from './node-av.js';
import type { VideoSource } from './open-video.js';

/** Static HDR metadata as FFmpeg's structures hold it, from the container or, failing that, the first picture. */
export interface HdrSideData {
  /** `AVMasteringDisplayMetadata` (SMPTE ST 2086). */
  readonly masteringDisplay: Buffer | undefined;
  /** `AVContentLightMetadata` (CTA-861.3). */
  readonly contentLight: Buffer | undefined;
}

/** Finds a source's static HDR metadata: many files have it in the video itself alone. */
export function readHdr(source: VideoSource): HdrSideData {
  const inContainer = (type: av.AVPacketSideDataType): Buffer | undefined =>
    source.sideData.find((entry) => entry.type === type)?.data;
  const inPicture = (type: av.AVFrameSideDataType): Buffer | undefined =>
    source.firstPicture?.getSideData(type) ?? undefined;
  return {
    masteringDisplay:
      inContainer(av.AV_PKT_DATA_MASTERING_DISPLAY_METADATA) ??
      inPicture(av.AV_FRAME_DATA_MASTERING_DISPLAY_METADATA),
    contentLight:
      inContainer(av.AV_PKT_DATA_CONTENT_LIGHT_LEVEL) ?? inPicture(av.AV_FRAME_DATA_CONTENT_LIGHT_LEVEL),
  };
}

/** The same as x265's parameters, which put it into the video itself; empty where there is none. */
export function x265Parameters({ masteringDisplay, contentLight }: HdrSideData): string[] {
  const display = masteringDisplay && masteringParameter(masteringDisplay);
  const light = contentLight && contentLight.length >= 8 ? uint32s(contentLight) : undefined;
  return [
    ...(display === undefined ? [] : [`master-display=${display}`]),
    ...(light === undefined ? [] : [`max-cll=${light[0] ?? 0},${light[1] ?? 0}`]),
    ...(display === undefined && light === undefined ? [] : ['hdr10=1']),
  ];
}

// AVMasteringDisplayMetadata: 2×3 primaries (red, green, blue; x, y), white point, least and most luminance, all
// rationals of two 32-bit integers; then whether primaries and luminance are there.
function masteringParameter(bytes: Buffer): string | undefined {
  const values = uint32s(bytes);
  const [hasPrimaries, hasLuminance] = [values[20], values[21]];
  if (values.length < 22 || hasPrimaries !== 1 || hasLuminance !== 1) return undefined;
  const scaled = (index: number, unit: number): number => {
    return Math.round(((values[2 * index] ?? 0) / (values[2 * index + 1] ?? 1)) * unit);
  };
  const point = (index: number): string => `(${scaled(index, 50_000)},${scaled(index + 1, 50_000)})`;
  const luminance = `(${scaled(9, 10_000)},${scaled(8, 10_000)})`;
  return `G${point(2)}B${point(4)}R${point(0)}WP${point(6)}L${luminance}`;
}

function uint32s(bytes: Buffer): Uint32Array {
  const whole = bytes.length - (bytes.length % 4);
  return new Uint32Array(Uint8Array.prototype.slice.call(bytes, 0, whole).buffer);
}
