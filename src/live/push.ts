import { messageOf } from '../errors.js';
import type { FlvTag } from '../media/flv-muxer.js';
import { maskAddress } from './addresses.js';
import { BackOff, isOver } from './back-off.js';
import { RtmpPublisher } from './rtmp/publisher.js';

/** How to push. */
export interface PushOptions {
  /** The whole address, its secret included. */
  readonly url: string;
  /** What may wait for the network, in bytes; beyond it pictures are left out up to the next key frame. */
  readonly mostWaitingBytes: number;
  readonly onNotice: (sentence: string) => void;
  /** The stream has to begin with a key frame. */
  readonly onKeyFrameNeeded: () => void;
  readonly signal: AbortSignal;
  /** Waits between attempts; default by the machine's clock. */
  readonly backOff?: BackOff;
}

/** Sends tags to an RTMP server and connects anew when it is gone; what cannot be sent is left out, never kept. */
export class Push {
  /** Connections that were made, and tags left out while one was there. */
  readonly counts = { connections: 0, droppedTags: 0 };
  readonly #options: PushOptions;
  readonly #headers = new Map<FlvTag['type'], FlvTag>();
  #publisher: RtmpPublisher | undefined;
  /** Whether this connection has had its key frame. */
  #isFlowing = false;
  #stalledSinceMs: number | undefined;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  /** Whether the server is connected. */
  get isConnected(): boolean {
    return this.#publisher !== undefined;
  }

  /** What waits for the network. */
  get backlogBytes(): number {
    return this.#publisher?.backlogBytes ?? 0;
  }

  /** Sends a tag, or leaves it out. */
  offer(tag: FlvTag): void {
    if (tag.header) this.#headers.set(tag.type, tag);
    const publisher = this.#publisher;
    if (!publisher) return;
    if (tag.header) {
      publisher.send(tag);
      return;
    }
    this.#watchBacklog(publisher);
    if (!this.#isFlowing && tag.keyFrame && publisher.backlogBytes < this.#options.mostWaitingBytes / 4)
      this.#isFlowing = true;
    if (this.#isFlowing) publisher.send(tag);
    else this.counts.droppedTags += 1;
  }

  /** Keeps the connection until the signal aborts. */
  async run(): Promise<void> {
    const { url, signal, onNotice, onKeyFrameNeeded, backOff = new BackOff() } = this.#options;
    let wasTold = false;
    while (!isOver(signal)) {
      try {
        const publisher = await RtmpPublisher.connect(url, { timeoutMs: connectMs, signal });
        const connectedMs = backOff.clock.nowMs();
        if (wasTold) onNotice(`The output ${maskAddress(url)} is back.`);
        wasTold = false;
        this.#begin(publisher);
        onKeyFrameNeeded();
        const reason = await untilClosed(publisher, signal);
        this.#publisher = undefined;
        // Services let a wrong key in and close at once: that is no success.
        backOff.ended(connectedMs);
        if (reason !== undefined) {
          onNotice(`The output ${maskAddress(url)} is gone (${reason}); connecting again.`);
          wasTold = true;
        }
      } catch (error) {
        if (isOver(signal)) return;
        if (!wasTold) onNotice(`The output ${messageOf(error)} Trying again.`);
        wasTold = true;
      }
      await backOff.wait(signal);
    }
  }

  #begin(publisher: RtmpPublisher): void {
    this.counts.connections += 1;
    this.#isFlowing = false;
    this.#stalledSinceMs = undefined;
    for (const header of this.#headers.values()) publisher.send(header);
    this.#publisher = publisher;
  }

  /** A network that is too slow costs pictures; one that takes nothing for long is no connection any more. */
  #watchBacklog(publisher: RtmpPublisher): void {
    if (publisher.backlogBytes <= this.#options.mostWaitingBytes) {
      this.#stalledSinceMs = undefined;
      return;
    }
    if (this.#isFlowing) this.#options.onKeyFrameNeeded();
    this.#isFlowing = false;
    this.#stalledSinceMs ??= performance.now();
    if (performance.now() - this.#stalledSinceMs > stalledMs) publisher.destroy('it takes nothing any more');
  }
}

const connectMs = 10_000;
const stalledMs = 5000;

/** Why it was closed; `undefined` when the signal closed it. */
async function untilClosed(publisher: RtmpPublisher, signal: AbortSignal): Promise<string | undefined> {
  const close = (): void => {
    publisher.close();
  };
  signal.addEventListener('abort', close);
  if (signal.aborted) close();
  try {
    const reason = await publisher.closed;
    return signal.aborted ? undefined : reason;
  } finally {
    signal.removeEventListener('abort', close);
  }
}
