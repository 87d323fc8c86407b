import { setTimeout as delay } from 'node:timers/promises';
import { abortedError, VidstyleError } from '../errors.js';
import { LiveInput, type LivePicture } from '../media/live-input.js';
import type { Rational } from '../media/rational.js';
import { planStyle } from '../jobs/restyle.js';
import { serveConsole, type LiveConsole } from './console/server.js';
import { InputLoop } from './input-loop.js';
import type { Look } from './network.js';
import { checkLiveOptions, liveDefaults, type LiveOptions } from './options.js';
import { chooseForm } from './output-form.js';
import { Production } from './production.js';
import { Push } from './push.js';
import { RateMeter } from './rate-meter.js';
import { SoundTrack } from './sound-track.js';
import { readStatus, readTotals, type LiveStatus } from './status.js';
import { Timeline } from './timeline.js';
import { Viewers } from './viewers.js';

/** A live stream: from its input through the network to its outlets, until it is told to end. */
export class LiveSession {
  /** Who sees what comes in and goes out. */
  readonly viewers = new Viewers();
  readonly #options: LiveOptions;
  readonly #ended = new AbortController();
  readonly #timeline: Timeline;
  readonly #sound = new SoundTrack();
  readonly #rates = new RateMeter();
  readonly #input: InputLoop;
  readonly #push: Push | undefined;
  readonly #latencyMs: number;
  #look: Look;
  /** Of the input that is open, as it says. */
  #frameRate: Rational | undefined;
  #starting: Promise<void> | undefined;
  #production: Production | undefined;
  #pushing: Promise<void> | undefined;
  #failed: ((error: unknown) => void) | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { style, strength = liveDefaults.strength, keepColors = liveDefaults.keepColors } = options;
    this.#look = { style, strength, keepColors };
    this.#latencyMs = options.latencyMs ?? liveDefaults.latencyMs;
    this.#timeline = new Timeline(this.#latencyMs);
    this.#input = this.#readFrom(options);
    this.#push = options.output === undefined ? undefined : this.#pushTo(options.output);
  }

  /**
   * Runs until the input ends, or {@link close} or the signal ends it.
   *
   * @throws VidstyleError `usage` for wrong options; when it cannot begin or go on; 'aborted' by the signal
   */
  async run(): Promise<void> {
    checkLiveOptions(this.#options);
    const { signal, hints, presets } = this.#options;
    const end = (): void => {
      this.close();
    };
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    const failed = new Promise<never>((_, reject) => (this.#failed = reject));
    let console: LiveConsole | undefined;
    try {
      // A style that is not there is known before anybody connects.
      await planStyle({ ...this.#look, hints, presets });
      if (this.#options.console) console = await serveConsole(this, this.#options);
      await Promise.race([failed, this.#input.run().then(() => this.#playOut())]);
    } finally {
      signal?.removeEventListener('abort', end);
      end();
      await console?.close();
      await this.#starting;
      await this.#production?.close();
      await this.#pushing;
    }
    if (signal?.aborted) throw abortedError(signal);
  }

  /** Ends the stream; {@link run} then resolves. */
  close(): void {
    this.#ended.abort();
  }

  /** Makes the next picture of the output one that players can begin at. */
  requestKeyFrame(): void {
    this.#production?.program.requestKeyFrame();
  }

  /** When the output's time began, on the clock of `performance.now()`; undefined before. */
  get startedMs(): number | undefined {
    return this.#production?.program.startedMs;
  }

  /** When, on the output's time, what bears this time stamp of the input is shown. */
  outputTimeMs(inputMs: number): number | undefined {
    const dueMs = this.#timeline.dueMs(inputMs);
    return dueMs === undefined || this.startedMs === undefined ? undefined : dueMs - this.startedMs;
  }

  /** Turns to another style, strength or kind of colours. @throws VidstyleError for a style that is not there */
  async turnTo(change: Partial<Look>): Promise<void> {
    if (this.#production) await this.#production.turnTo(change);
    else await planStyle({ ...this.#look, ...change, presets: this.#options.presets });
    this.#look = { ...this.#look, ...change };
  }

  /** @throws VidstyleError `output` when the file cannot be written, `usage` before the stream has begun */
  async startRecording(path: string): Promise<void> {
    if (!this.#production)
      throw new VidstyleError('usage', 'The stream has not begun: nothing can be recorded.');
    await this.#production.program.startRecording(path);
  }

  /** Completes the recording's file. */
  async stopRecording(): Promise<void> {
    await this.#production?.program.stopRecording();
  }

  get status(): LiveStatus {
    return readStatus({ ...this.#parts, look: this.#look, rates: this.#rates.rates });
  }

  get #parts() {
    return { input: this.#input, push: this.#push, production: this.#production };
  }

  readonly #notice = (sentence: string): void => {
    this.#options.onNotice?.(sentence);
  };

  #readFrom({ input, listen, inputFormat, hwaccel }: LiveOptions): InputLoop {
    return new InputLoop({
      ...{ input, listen, inputFormat, hwaccel, signal: this.#ended.signal, onNotice: this.#notice },
      onArrival: (nowMs, dtsMs) => {
        this.#timeline.arrived(nowMs, dtsMs);
      },
      onOpen: (opened) => {
        this.#frameRate = opened.frameRate;
        this.#timeline.reset();
        this.#production?.clear();
        this.viewers.showInput(opened);
        return this.#prepare(opened);
      },
      handlers: {
        onPicture: (picture) => {
          this.#take(picture);
        },
        onSound: ({ timeMs, ...block }) => {
          const dueMs = this.outputTimeMs(timeMs);
          if (dueMs !== undefined) this.#sound.lay(block, dueMs);
        },
        onVideoPacket: this.viewers.showInputPacket,
      },
    });
  }

  #pushTo(url: string): Push {
    const push = new Push({
      url,
      // Two seconds of a stream of 4 Mbit/s.
      mostWaitingBytes: 1_000_000,
      onNotice: this.#notice,
      onKeyFrameNeeded: () => {
        this.requestKeyFrame();
      },
      signal: this.#ended.signal,
    });
    this.viewers.add({
      onTag: (tag) => {
        push.offer(tag);
      },
    });
    return push;
  }

  /** What does not run away, as a file, waits until all is open; of a stream the first picture says what to open. */
  async #prepare({ size: { width, height } }: LiveInput): Promise<void> {
    const { input, inputFormat } = this.#options;
    if (LiveInput.endsByItself(input, inputFormat) && width > 0) await this.#startOnce(width, height);
  }

  /** The first picture says what is to be opened behind the input; those that come meanwhile are left out. */
  #take(picture: LivePicture): void {
    if (this.#production) {
      this.#production.push(picture);
      return;
    }
    const { width, height } = picture;
    picture.close();
    void this.#startOnce(width, height);
  }

  #startOnce(width: number, height: number): Promise<void> {
    this.#starting ??= this.#start(width, height).catch((error: unknown) => this.#failed?.(error));
    return this.#starting;
  }

  async #start(width: number, height: number): Promise<void> {
    const { signal } = this.#ended;
    const form = chooseForm({ width, height, frameRate: this.#frameRate }, this.#options);
    const production = await Production.open({
      ...this.#options,
      ...{ form, signal, look: this.#look, latencyMs: this.#latencyMs, onNotice: this.#notice },
      ...{ timeline: this.#timeline, sound: this.#sound },
      onTag: (tag) => {
        this.viewers.showTag(tag);
      },
      onDelay: (delayMs) => {
        this.#rates.addDelay(delayMs);
      },
    });
    this.#production = production;
    if (this.#options.record !== undefined) await production.program.startRecording(this.#options.record);
    this.#notice(describeSending(production));
    this.#pushing = this.#push?.run();
    void production.program.run(signal).catch((error: unknown) => this.#failed?.(error));
    this.#watch(production, signal);
  }

  /** Once a second. */
  #watch(production: Production, signal: AbortSignal): void {
    const timer = setInterval(() => {
      this.#rates.update(readTotals(this.#parts), production.networkMs);
      production.watch();
    }, 1000);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
    });
    if (signal.aborted) clearInterval(timer);
  }

  /** After an input's own end, what has come in is still sent. */
  async #playOut(): Promise<void> {
    await this.#starting;
    await delay(this.#latencyMs + 100, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }
}

function describeSending({ form, network }: Production): string {
  const { width, height, frameRate } = form;
  const fps = (frameRate.num / frameRate.den).toFixed(2).replace(/\.?0+$/, '');
  return `Sending ${width}×${height} at ${fps} pictures a second; ${network.description}.`;
}
