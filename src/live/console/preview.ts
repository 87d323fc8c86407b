import { flvFileHeader, serialiseTag, type FlvTag } from '../../media/flv-muxer.js';

/** What a preview needs of a WebSocket. */
export interface Viewer {
  readonly bufferedAmount: number;
  send(bytes: Buffer): void;
  close(code: number, reason: string): void;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

/** One picture in the console: its viewers get FLV by WebSocket, from a key frame on. */
export class Preview {
  readonly #headers = new Map<FlvTag['type'], FlvTag>();
  /** Viewers, and whether they have had their key frame. */
  readonly #viewers = new Map<Viewer, boolean>();

  constructor(private readonly has: { readonly sound: boolean; readonly video: boolean }) {}

  /** Another source follows: viewers get its headers when they come. */
  reset(): void {
    this.#headers.clear();
    for (const viewer of this.#viewers.keys()) viewer.close(1012, 'the source has changed');
  }

  get hasViewers(): boolean {
    return this.#viewers.size > 0;
  }

  add(viewer: Viewer): void {
    viewer.send(flvFileHeader(this.has));
    for (const header of this.#headers.values()) viewer.send(serialiseTag(header));
    this.#viewers.set(viewer, false);
    viewer.on('close', () => this.#viewers.delete(viewer));
    viewer.on('error', () => this.#viewers.delete(viewer));
  }

  /** A viewer whose network is too slow misses pictures up to the next key frame. */
  offer(tag: FlvTag): void {
    if (tag.header) this.#headers.set(tag.type, tag);
    if (this.#viewers.size === 0) return;
    const bytes = serialiseTag(tag);
    for (const [viewer, isFlowing] of this.#viewers) {
      const isSlow = viewer.bufferedAmount > mostWaitingBytes;
      const flows = !isSlow && (isFlowing || tag.keyFrame);
      this.#viewers.set(viewer, flows);
      if (flows || tag.header) viewer.send(bytes);
    }
  }
}

const mostWaitingBytes = 1_000_000;
