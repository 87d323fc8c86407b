import type { FlvTag } from '../media/flv-muxer.js';
import type { LiveInput, LiveInputHandlers } from '../media/live-input.js';

/** Whoever wants to see what goes out or comes in. */
export interface LiveViewer {
  /** A tag of the output. */
  onTag?(tag: FlvTag): void;
  /** An input is open; its packets are seen by {@link onInputPacket}. */
  onInput?(input: LiveInput): void;
  /** A packet of the input's picture, on its way to the decoder. */
  onInputPacket?: LiveInputHandlers['onVideoPacket'];
}

/** All who see a stream. */
export class Viewers {
  readonly #viewers = new Set<LiveViewer>();
  #input: LiveInput | undefined;

  /** Lets somebody see the stream; returns how to stop that. */
  add(viewer: LiveViewer): () => void {
    this.#viewers.add(viewer);
    if (this.#input) viewer.onInput?.(this.#input);
    return () => this.#viewers.delete(viewer);
  }

  showTag(tag: FlvTag): void {
    for (const viewer of this.#viewers) viewer.onTag?.(tag);
  }

  /** Also shown to those who come later. */
  showInput(input: LiveInput): void {
    this.#input = input;
    for (const viewer of this.#viewers) viewer.onInput?.(input);
  }

  readonly showInputPacket: NonNullable<LiveInputHandlers['onVideoPacket']> = async (packet) => {
    for (const viewer of this.#viewers) await viewer.onInputPacket?.(packet);
  };
}
