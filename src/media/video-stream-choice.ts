import { VidstyleError } from '../errors.js';
import type { Demuxer } from './demuxer.js';
import { maximumSide } from './input-checks.js';
import * as av from './node-av.js';

/**
 * The stream to restyle: FFmpeg's best one that moves.
 *
 * @throws VidstyleError `input` when there is none, or it is encrypted or too large.
 */
export function chooseVideoStream(demuxer: Demuxer): av.Stream {
  const { format, path, name } = demuxer;
  if (/_pipe$|^image2$|^ico$/.test(name)) {
    throw new VidstyleError(
      'input',
      `"${path}" is a picture (${name.replace(/_pipe$/, '').toUpperCase()}), not a video.`,
    );
  }
  const moving = format.streams.filter(isMovingPicture);
  const best = format.findBestStream(av.AVMEDIA_TYPE_VIDEO);
  const stream = moving.find((candidate) => candidate.index === best) ?? moving[0];
  if (!stream) {
    const sound = format.streams.some((other) => other.codecpar.codecType === av.AVMEDIA_TYPE_AUDIO);
    throw new VidstyleError('input', `"${path}" holds no video${sound ? ', only sound' : ''}.`);
  }
  checkEncryption(path, stream);
  if (stream.codecpar.width > 0) checkSize(path, stream.codecpar.width, stream.codecpar.height);
  return stream;
}

/** Cover art and thumbnails are video streams to FFmpeg, but hold a still picture. */
function isMovingPicture(stream: av.Stream): boolean {
  return (
    stream.codecpar.codecType === av.AVMEDIA_TYPE_VIDEO &&
    !stream.hasDisposition(av.AV_DISPOSITION_ATTACHED_PIC) &&
    !stream.hasDisposition(av.AV_DISPOSITION_TIMED_THUMBNAILS)
  );
}

function checkEncryption(path: string, stream: av.Stream): void {
  const encrypted =
    stream.codecpar.codecTagString === 'encv' ||
    stream.codecpar.getCodedSideData(av.AV_PKT_DATA_ENCRYPTION_INIT_INFO) !== null;
  if (encrypted) throw new VidstyleError('input', `"${path}" is encrypted and cannot be decoded.`);
}

/** @throws VidstyleError `input` for frames of no size or larger than the limit. */
export function checkSize(path: string, width: number, height: number): void {
  if (width < 1 || height < 1)
    throw new VidstyleError('input', `"${path}" has frames of no size (${width}×${height}).`);
  if (width > maximumSide || height > maximumSide) {
    throw new VidstyleError(
      'input',
      `"${path}" has frames of ${width}×${height}; the limit is ${maximumSide} pixels a side.`,
    );
  }
}
