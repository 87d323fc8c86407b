import { setTimeout as delay } from 'node:timers/promises';
import type { Demuxer } from './demuxer.js';
import * as av from './node-av.js';
import { ticksToSeconds } from './rational.js';
import type { PacketSource } from './video-decoder.js';

/** Who gets the packets that are not for the picture decoder, and the times of all. */
export interface LivePacketHandlers {
  /** A packet of this decoding time has just come in. */
  readonly onArrival: (dtsMs: number) => void;
  readonly onSoundPacket: (packet: av.Packet) => Promise<void>;
  /** Sees the picture's packets on their way to the decoder. */
  readonly onVideoPacket?: ((packet: av.Packet) => Promise<void>) | undefined;
}

/** The packets of a live input: the picture's go to whoever reads, the sound's to a handler. */
export class LivePackets implements PacketSource {
  readonly path: string;
  handlers: LivePacketHandlers | undefined;
  /** Why there are no more, if not by the input's own end. */
  reason: string | undefined;
  readonly #streams: number;
  readonly #stopped = new AbortController();
  #pace: { readonly firstMs: number; readonly startedAtMs: number } | undefined;

  constructor(
    private readonly demuxer: Demuxer,
    private readonly video: av.Stream,
    private readonly sound: av.Stream | undefined,
    /** Hold every packet back until its time has come, counted from the first picture. */
    private readonly isPaced: boolean,
    signal: AbortSignal,
  ) {
    this.path = demuxer.path;
    this.#streams = demuxer.format.nbStreams;
    const stop = (): void => {
      this.stop();
    };
    signal.addEventListener('abort', stop, { signal: this.#stopped.signal });
    if (signal.aborted) stop();
  }

  /** The picture's next packet. */
  async read(packet: av.Packet): Promise<number> {
    for (;;) {
      const code = await this.demuxer.read(packet);
      if (this.#stopped.signal.aborted) return av.AVERROR_EOF;
      if (code < 0) return code;
      // FLV opens another stream when the publisher changes codecs: the input has to be opened anew.
      if (packet.streamIndex >= this.#streams) {
        this.reason = 'its codecs have changed';
        packet.unref();
        return av.AVERROR_EOF;
      }
      if (await this.#isForDecoder(packet)) return code;
      packet.unref();
    }
  }

  /** Ends a read that waits, and all later ones. */
  stop(): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.demuxer.interrupt();
  }

  async #isForDecoder(packet: av.Packet): Promise<boolean> {
    const isVideo = packet.streamIndex === this.video.index;
    if (!isVideo && packet.streamIndex !== this.sound?.index) return false;
    const { timeBase } = isVideo ? this.video : (this.sound ?? this.video);
    const ticks = packet.dts === av.AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (ticks !== av.AV_NOPTS_VALUE) {
      const dtsMs = ticksToSeconds(ticks, timeBase) * 1000;
      // Sound lies between the pictures; if it set the pace too, a stream that is mixed unevenly would stall.
      if (this.isPaced && isVideo) await this.#waitUntilDue(dtsMs);
      this.handlers?.onArrival(dtsMs);
    }
    if (!isVideo) {
      await this.handlers?.onSoundPacket(packet);
      return false;
    }
    await this.handlers?.onVideoPacket?.(packet);
    return true;
  }

  async #waitUntilDue(dtsMs: number): Promise<void> {
    const nowMs = performance.now();
    this.#pace ??= { firstMs: dtsMs, startedAtMs: nowMs };
    const aheadMs = dtsMs - this.#pace.firstMs - (nowMs - this.#pace.startedAtMs);
    // A jump in the input's clock: begin to count anew. The same after a stall, so that the next one is waited for, not
    // suffered: a web server hands whole segments over, and where only one lies ready each comes late by its length.
    if (aheadMs > jumpMs || aheadMs < -stallMs) this.#pace = { firstMs: dtsMs, startedAtMs: nowMs };
    else if (aheadMs > 1)
      await delay(aheadMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }
}

const jumpMs = 3000;
const stallMs = 300;
