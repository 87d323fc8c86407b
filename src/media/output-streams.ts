import { copyColorTags } from './color.js';
import type { Container } from './container.js';
import { streamMetadata } from './container-fit.js';
import type { FrameGeometry } from './frames.js';
import { readHdr } from './hdr-metadata.js';
import * as av from './node-av.js';
import type { VideoSource } from './open-video.js';
import type { VideoEncoder } from './video-encoder.js';
import { steadyFrameRate } from './video-encoder.js';

/** What described the old encoding, or the transparency that is left out. */
const encodingKeys = /^(encoder|BPS|DURATION|NUMBER_OF_(FRAMES|BYTES)|_STATISTICS_.*|alpha_mode)(-eng)?$/i;

/**
 * Adds the stream for the new video, with everything the source's stream says about its pictures.
 * @param encoded fills in what the encoder says about its packets
 */
export function addVideoStream(
  format: av.FormatContext,
  source: VideoSource,
  container: Container,
  encoded: (parameters: av.CodecParameters) => void,
): av.Stream {
  const { video } = source.info;
  const stream = format.newStream();
  encoded(stream.codecpar);
  stream.timeBase = new av.Rational(source.timeBase.num, source.timeBase.den);
  stream.sampleAspectRatio = new av.Rational(source.sampleAspectRatio.num, source.sampleAspectRatio.den);
  const rate = steadyFrameRate(source);
  if (rate) stream.avgFrameRate = rate;
  stream.disposition = source.streamDisposition;
  stream.metadata = av.Dictionary.fromObject(
    streamMetadata(
      Object.fromEntries(Object.entries(video.metadata).filter(([key]) => !encodingKeys.test(key))),
      container,
    ),
  );
  for (const { type, data } of source.sideData) {
    if (keptSideData.has(type)) stream.codecpar.addCodedSideData(type, data);
  }
  const { masteringDisplay, contentLight } = readHdr(source);
  if (masteringDisplay)
    stream.codecpar.addCodedSideData(av.AV_PKT_DATA_MASTERING_DISPLAY_METADATA, masteringDisplay);
  if (contentLight) stream.codecpar.addCodedSideData(av.AV_PKT_DATA_CONTENT_LIGHT_LEVEL, contentLight);
  return stream;
}

/** What an encoder says about its packets. */
export function encodedBy(
  encoder: VideoEncoder,
  geometry: FrameGeometry,
): (parameters: av.CodecParameters) => void {
  return (parameters) => {
    parameters.fromContext(encoder.context);
    parameters.width = geometry.width;
    parameters.height = geometry.height;
    copyColorTags(encoder.context, parameters);
  };
}

/** Side data that describes how to show the pictures and stays true when they are encoded anew. */
const keptSideData: ReadonlySet<av.AVPacketSideDataType> = new Set([
  av.AV_PKT_DATA_DISPLAYMATRIX,
  av.AV_PKT_DATA_STEREO3D,
  av.AV_PKT_DATA_SPHERICAL,
  av.AV_PKT_DATA_AMBIENT_VIEWING_ENVIRONMENT,
  av.AV_PKT_DATA_ICC_PROFILE,
]);
