import { isVidstyleError, messageOf } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import { BackOff } from './back-off.js';
import { Network, type Look, type NetworkOptions } from './network.js';
import type { Restyler, RestylerCounts } from './restyler.js';
import { SizeAdvisor, workingSizes } from './working-size.js';

/** What a {@link NetworkKeeper} is told. */
export interface NetworkKeeperOptions extends NetworkOptions {
  readonly onNotice: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Keeps the network as it has to be: of the wanted look, of a size that it can keep up with, and alive. Another network is
 * opened while the former one works on, so that no exchange leaves a gap.
 */
export class NetworkKeeper {
  readonly #sizes: readonly FrameGeometry[];
  readonly #advisor = new SizeAdvisor();
  #restyler: Restyler | undefined;
  #sizeIndex = 0;
  /** Changes are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #isChanging = false;

  /** @throws VidstyleError for a style that is not there or a network that cannot be opened */
  static async open(
    look: Look,
    output: Pick<FrameGeometry, 'width' | 'height'>,
    options: NetworkKeeperOptions,
  ): Promise<NetworkKeeper> {
    const sizes = workingSizes(output);
    const geometry = sizes[0] ?? { ...output, format: 'rgb8' };
    return new NetworkKeeper(sizes, look, await Network.open(look, geometry, options), options);
  }

  private constructor(
    sizes: readonly FrameGeometry[],
    private wanted: Look,
    private current: Network,
    private readonly options: NetworkKeeperOptions,
  ) {
    this.#sizes = sizes;
  }

  /** The network to begin with, and to exchange in `restyler` from now on. */
  supply(restyler: Restyler): void {
    this.#restyler = restyler;
  }

  get network(): Network {
    return this.current;
  }

  get look(): Look {
    return this.wanted;
  }

  /**
   * Turns to another look: at the next picture where the network stays the same, as soon as it is open where not.
   * @throws VidstyleError for a style that is not there; the look then stays as it was
   */
  async turnTo(change: Partial<Look>): Promise<void> {
    await this.#exclusively(async () => {
      const look = { ...this.wanted, ...change };
      if (!(await this.current.turnTo(look, this.options))) await this.#exchange(look, this.#sizeIndex);
      this.wanted = look;
    });
  }

  /** To be called once a second: steps to another working size where that is advised. */
  watch(counts: RestylerCounts): void {
    if (this.#isChanging) return;
    const here = this.#sizes[this.#sizeIndex];
    const above = this.#sizes[this.#sizeIndex - 1];
    const growth = here && above && (above.width * above.height) / (here.width * here.height);
    const advice = this.#advisor.advise(counts, this.current.workers, growth);
    if (advice === 'keep') return;
    const index = this.#sizeIndex + (advice === 'smaller' ? 1 : -1);
    const next = this.#sizes[index];
    if (!next || !here) return;
    const size = `${next.width}×${next.height}`;
    this.options.onNotice(
      advice === 'smaller'
        ? `The network is too slow for ${here.width}×${here.height}: working at ${size} from now on.`
        : `The network has time to spare: working at ${size} from now on.`,
    );
    void this.#exclusively(() => this.#exchange(this.wanted, index)).catch((error: unknown) => {
      this.options.onNotice(`The working size stays: ${messageOf(error)}`);
    });
  }

  /** Opens the network anew after it has failed for good, again and again until it works. */
  reopen(reason: string): void {
    this.options.onNotice(`The network has failed (${reason.replace(/\.$/, '')}): opening it again.`);
    void this.#exclusively(async () => {
      const backOff = new BackOff();
      while (!this.options.signal.aborted) {
        await backOff.wait(this.options.signal);
        const isOpen = await this.#exchange(this.wanted, this.#sizeIndex).then(() => true, isFailure);
        if (isOpen) return;
      }
    });
  }

  /** Ends the network; idempotent. */
  async close(): Promise<void> {
    await this.#turn;
    await this.current.close();
  }

  async #exchange(look: Look, sizeIndex: number): Promise<void> {
    const geometry = this.#sizes[sizeIndex] ?? this.current.geometry;
    // Trying engines against each other would take the time of the network that is at work.
    const network = await Network.open(look, geometry, { ...this.options, engine: this.current.engine });
    const former = this.#restyler?.exchange(network) ?? this.current;
    this.current = network;
    this.#sizeIndex = sizeIndex;
    void former.close();
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#isChanging = true;
    const result = this.#turn.then(work);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#turn = settled;
    void settled.then(() => {
      if (this.#turn === settled) this.#isChanging = false;
    });
    return result;
  }
}

function isFailure(error: unknown): false {
  // Whatever is no sentence of ours is a mistake of the program's, not a network that needs time.
  if (!isVidstyleError(error)) throw error;
  return false;
}
