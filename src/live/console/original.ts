import { FlvMuxer } from '../../media/flv-muxer.js';
import type { LiveInput } from '../../media/live-input.js';
import type { LiveSession } from '../session.js';
import type { LiveViewer } from '../viewers.js';
import type { Preview } from './preview.js';

/** Passes the input's own pictures on to a preview, at the time at which their restyled ones are sent. */
export function watchOriginal(session: LiveSession, preview: Preview): LiveViewer {
  let muxer: Promise<FlvMuxer> | undefined;
  let opened: LiveInput | undefined;
  return {
    onInput(input) {
      opened = input;
      preview.reset();
      const former = muxer;
      void former?.then((open) => {
        open.close();
      });
      const { passableVideo } = input;
      muxer =
        passableVideo &&
        FlvMuxer.open([{ parameters: passableVideo }], (tag) => {
          const nowMs = performance.now() - (session.startedMs ?? 0);
          // Headers are needed before; what is late comes at once.
          if (tag.header) preview.offer(tag);
          else setTimeout(() => preview.offer(tag), Math.max(0, tag.timeMs - nowMs));
        });
    },
    async onInputPacket(packet) {
      const zeroMs = session.outputTimeMs(0);
      if (!muxer || !opened || zeroMs === undefined || packet.dts < 0n) return;
      const { timeBase } = opened;
      if ((Number(packet.dts) * timeBase.num * 1000) / timeBase.den + zeroMs < 0) return;
      // A time stamp that goes back is refused by the muxer: that picture is missing in the preview.
      await (await muxer).write(packet, 0, timeBase, zeroMs).catch(() => undefined);
    },
  };
}
