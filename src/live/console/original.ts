import { FlvMuxer, type FlvTag } from '../../media/flv-muxer.js';
import type { LiveInput, LiveInputHandlers } from '../../media/live-input.js';
import type { LiveSession } from '../session.js';
import type { LiveViewer } from '../viewers.js';
import type { Preview } from './preview.js';

type InputPacket = Parameters<NonNullable<LiveInputHandlers['onVideoPacket']>>[0];

/** Passes the input's own pictures on to a preview, at the time at which their restyled ones are sent. */
export class Original implements LiveViewer {
  #input: LiveInput | undefined;
  #muxer: FlvMuxer | undefined;
  /** A muxer takes one call at a time, and is closed when none is under way. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly session: LiveSession,
    private readonly preview: Preview,
  ) {}

  onInput(input: LiveInput): void {
    this.preview.reset();
    void this.#inTurn(async () => {
      this.#muxer?.close();
      this.#muxer = undefined;
      this.#input = input;
      const parameters = input.passableVideo;
      if (!parameters) return;
      this.#muxer = await FlvMuxer.open([{ parameters }], (tag) => {
        this.#show(tag);
      });
    });
  }

  onInputPacket(packet: InputPacket): Promise<void> {
    return this.#inTurn(async () => {
      const zeroMs = this.session.outputTimeMs(0);
      if (!this.#muxer || !this.#input || zeroMs === undefined || packet.dts < 0n) return;
      const { timeBase } = this.#input;
      if ((Number(packet.dts) * timeBase.num * 1000) / timeBase.den + zeroMs < 0) return;
      await this.#muxer.write(packet, 0, timeBase, zeroMs);
    });
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#inTurn(() => {
      this.#muxer?.close();
      this.#muxer = undefined;
    });
  }

  #show(tag: FlvTag): void {
    const nowMs = performance.now() - (this.session.startedMs ?? 0);
    // Headers are needed before; what is late comes at once.
    if (tag.header) this.preview.offer(tag);
    else setTimeout(() => this.preview.offer(tag), Math.max(0, tag.timeMs - nowMs));
  }

  /** What FFmpeg refuses, as a time stamp that goes back, is missing in the preview and nowhere else. */
  #inTurn(work: () => void | Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch(() => undefined);
    return this.#turn;
  }
}
