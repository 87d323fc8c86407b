import { openDemuxer } from './demuxer.js';
import * as av from './node-av.js';
import { newPacket } from './video-decoder.js';

/**
 * The pictures attached to a file (cover art), by stream index. FFmpeg hands them out before all other packets; the
 * binding's own `Stream.attachedPic` frees the picture that the container still owns.
 */
export async function readCovers(path: string): Promise<Map<number, Buffer>> {
  const covers = new Map<number, Buffer>();
  const demuxer = await openDemuxer(path);
  const packet = newPacket();
  try {
    const { streams } = demuxer.format;
    const attached = streams.filter((stream) => stream.hasDisposition(av.AV_DISPOSITION_ATTACHED_PIC));
    for (let read = 0; covers.size < attached.length && read < streams.length + attached.length; read++) {
      if ((await demuxer.read(packet)) < 0) break;
      const isCover = attached.some((stream) => stream.index === packet.streamIndex);
      if (isCover && packet.data) covers.set(packet.streamIndex, Buffer.from(packet.data));
      packet.unref();
    }
  } finally {
    packet.free();
    await demuxer.close();
  }
  return covers;
}
