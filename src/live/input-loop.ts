import { isVidstyleError, messageOf } from '../errors.js';
import { LiveInput, type LiveInputHandlers } from '../media/live-input.js';
import { BackOff, isOver } from './back-off.js';
import { maskAddress } from './addresses.js';
import type { LiveOptions } from './options.js';

/** What an {@link InputLoop} reads, and who gets it. */
export interface InputLoopOptions extends Pick<LiveOptions, 'input' | 'listen' | 'inputFormat' | 'hwaccel'> {
  readonly handlers: Omit<LiveInputHandlers, 'onArrival'>;
  /** A packet of this decoding time has come in. */
  readonly onArrival: (nowMs: number, dtsMs: number) => void;
  /** A connection is open; nothing is read of it before this resolves. */
  readonly onOpen: (input: LiveInput) => void | Promise<void>;
  readonly onNotice: (sentence: string) => void;
  readonly signal: AbortSignal;
  /** Waits between attempts; default by the machine's clock. */
  readonly backOff?: BackOff;
}

/** Reads a live input, and connects anew when it is gone. */
export class InputLoop {
  /** Connections that were made. */
  connections = 0;
  readonly #options: InputLoopOptions;
  readonly #shownAs: string;
  readonly #backOff: BackOff;
  #lastArrivalMs = -Infinity;
  #wasTold = false;

  constructor(options: InputLoopOptions) {
    this.#options = options;
    this.#backOff = options.backOff ?? new BackOff();
    this.#shownAs = options.inputFormat ?? maskAddress(options.input);
  }

  /** Whether something came in within the last second. */
  get isAlive(): boolean {
    return performance.now() - this.#lastArrivalMs < 1000;
  }

  /**
   * Resolves when an input that has an end is over, or the signal aborts.
   * @throws VidstyleError when trying again cannot help: a file that is missing or damaged, a wrong option
   */
  async run(): Promise<void> {
    const { input, inputFormat, listen, signal, onNotice } = this.#options;
    const endsByItself = LiveInput.endsByItself(input, inputFormat);
    if (listen) onNotice(`Waiting for a publisher at ${this.#shownAs}.`);
    while (!isOver(signal)) {
      try {
        await this.#connection();
        if (endsByItself || isOver(signal)) return;
        this.#tell('it has ended');
      } catch (error) {
        if (isOver(signal)) return;
        if (endsByItself || (isVidstyleError(error) && error.code === 'usage')) throw error;
        this.#tell(messageOf(error).replace(/\.$/, ''));
      }
      await this.#backOff.wait(signal);
    }
  }

  /** One connection, from opening to its end. */
  async #connection(): Promise<void> {
    const { input: address, onOpen, onArrival, handlers, signal, listen } = this.#options;
    const { inputFormat, hwaccel } = this.#options;
    const given = new AbortController();
    const ended = AbortSignal.any([signal, given.signal]);
    const patience = listen ? undefined : setTimeout(() => given.abort(), openMs);
    const opening = { listen, inputFormat, hwaccel, shownAs: this.#shownAs, silenceMs, signal: ended };
    const input = await LiveInput.open(address, opening).finally(() => clearTimeout(patience));
    let watch: NodeJS.Timeout | undefined;
    try {
      this.connections += 1;
      await onOpen(input);
      this.#lastArrivalMs = performance.now();
      // Publishers who leave do not always close the connection: a server may keep it open for the next one.
      watch = setInterval(() => {
        if (performance.now() - this.#lastArrivalMs > silenceMs) void input.close();
      }, 500);
      await input.run({
        ...handlers,
        onArrival: (dtsMs) => {
          this.#lastArrivalMs = performance.now();
          this.#cameBack();
          onArrival(this.#lastArrivalMs, dtsMs);
        },
      });
    } finally {
      clearInterval(watch);
      await input.close();
    }
  }

  #cameBack(): void {
    this.#backOff.reset();
    if (this.#wasTold) this.#options.onNotice(`The input ${this.#shownAs} is back.`);
    this.#wasTold = false;
  }

  #tell(reason: string): void {
    if (!this.#wasTold)
      this.#options.onNotice(`The input ${this.#shownAs} is gone (${reason}); trying again.`);
    this.#wasTold = true;
  }
}

/** A connection that opens takes this long at most. */
const openMs = 20_000;
/** A connection that is open but silent is given up. */
const silenceMs = 3000;
