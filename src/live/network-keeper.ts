import { isVidstyleError, messageOf } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import { BackOff } from './back-off.js';
import { ModeAdvisor } from './mode-advisor.js';
import { Network, type Look, type NetworkOptions } from './network.js';
import type { Restyler, RestylerCounts } from './restyler.js';
import {
  describeChange,
  growthBetween,
  isSameSize,
  workingModes,
  type WorkingMode,
} from './working-modes.js';

/** What a {@link NetworkKeeper} is told. */
export interface NetworkKeeperOptions extends NetworkOptions {
  readonly onNotice: (sentence: string) => void;
  readonly signal: AbortSignal;
  /** Waits before a network that failed is opened again; default by the machine's clock. */
  readonly backOff?: BackOff;
}

/**
 * Keeps the network as it has to be: of the wanted look, in a mode that it can keep up with, and alive. Another network is
 * opened while the former one works on, so that no exchange leaves a gap.
 */
export class NetworkKeeper {
  /** Each is quicker than the one before it. */
  readonly #modes: readonly WorkingMode[];
  readonly #advisor = new ModeAdvisor();
  #restyler: Restyler | undefined;
  #mode: WorkingMode;
  /** Changes are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #isChanging = false;
  readonly #backOff: BackOff;
  #openedMs: number;

  /** @throws VidstyleError for a style that is not there or a network that cannot be opened */
  static async open(
    look: Look,
    output: Pick<FrameGeometry, 'width' | 'height'>,
    options: NetworkKeeperOptions,
  ): Promise<NetworkKeeper> {
    const modes = workingModes(output, options);
    const [mode = { geometry: { ...output, format: 'rgb8' } }] = modes;
    const network = await Network.open(look, mode.geometry, { ...options, ...mode.division });
    return new NetworkKeeper(modes, mode, look, network, options);
  }

  private constructor(
    modes: readonly WorkingMode[],
    mode: WorkingMode,
    private wanted: Look,
    private current: Network,
    private readonly options: NetworkKeeperOptions,
  ) {
    this.#modes = modes;
    this.#mode = mode;
    this.#backOff = options.backOff ?? new BackOff();
    this.#openedMs = this.#backOff.clock.nowMs();
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
      if (!(await this.current.turnTo(look, this.options))) await this.#exchange(look, this.#mode);
      this.wanted = look;
    });
  }

  /** To be called once a second: steps to another mode where that is advised. */
  watch(counts: RestylerCounts): void {
    if (this.#isChanging) return;
    const here = this.#mode;
    const place = this.#modes.indexOf(here);
    const [better, quicker] = [this.#modes[place - 1], this.#modes[place + 1]];
    const advice = this.#advisor.advise(counts, {
      workers: this.current.workers,
      growth: better && growthBetween(here, better),
      isQuickerUnseen: quicker !== undefined && isSameSize(here, quicker),
    });
    const next = { keep: undefined, better, quicker }[advice];
    if (!next) return;
    this.options.onNotice(describeChange(here, next, advice === 'better'));
    void this.#exclusively(() => this.#exchange(this.wanted, next)).catch((error: unknown) => {
      this.options.onNotice(`The network stays as it was: ${messageOf(error)}`);
    });
  }

  /** Opens the network anew after it has failed for good, again and again until it works. */
  reopen(reason: string): void {
    this.options.onNotice(`The network has failed (${reason.replace(/\.$/, '')}): opening it again.`);
    // A network that opens and then fails at every picture has not succeeded by opening.
    this.#backOff.ended(this.#openedMs);
    void this.#exclusively(async () => {
      while (!this.options.signal.aborted) {
        await this.#backOff.wait(this.options.signal);
        const isOpen = await this.#exchange(this.wanted, this.#mode).then(() => true, isFailure);
        if (isOpen) return;
      }
    });
  }

  /** Ends the network; idempotent. */
  async close(): Promise<void> {
    await this.#turn;
    await this.current.close();
  }

  async #exchange(look: Look, mode: WorkingMode): Promise<void> {
    // Trying engines against each other would take the time of the network that is at work.
    const options = { ...this.options, ...mode.division, engine: this.current.engine };
    const network = await Network.open(look, mode.geometry, options);
    const former = this.#restyler?.exchange(network) ?? this.current;
    this.current = network;
    this.#openedMs = this.#backOff.clock.nowMs();
    this.#mode = mode;
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
