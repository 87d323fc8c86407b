import { abortedError, VidstyleError } from '../errors.js';
import type { FlvTag } from '../media/flv-muxer.js';
import { frameBytes } from '../media/frames.js';
import type { LiveInput, LivePicture } from '../media/live-input.js';
import type { SoundBlock } from '../media/live-sound.js';
import type { LiveVideoForm } from '../media/live-video-encoder.js';
import { openPicture } from '../media/picture-source.js';
import { planStyle } from '../jobs/restyle.js';
import { serveConsole, type LiveConsole } from './console/server.js';
import { InputLoop } from './input-loop.js';
import type { Look } from './network.js';
import { NetworkKeeper } from './network-keeper.js';
import { checkLiveOptions, liveDefaults, type LiveOptions } from './options.js';
import { chooseForm } from './output-form.js';
import { Program, type ShownPicture } from './program.js';
import { Push } from './push.js';
import { Restyler, type RestyledPicture } from './restyler.js';
import { SoundTrack } from './sound-track.js';
import { RateMeter, type LiveStatus, type LiveTotals } from './status.js';
import { Timeline } from './timeline.js';

/** Whoever wants to see what goes out or comes in. */
export interface LiveViewer {
  /** A tag of the output. */
  onTag?(tag: FlvTag): void;
  /** An input is open; packets that it is asked for are seen by {@link onInputPacket}. */
  onInput?(input: LiveInput): void;
  /** A packet of the input's picture, on its way to the decoder. */
  onInputPacket?: Parameters<LiveInput['run']>[0]['onVideoPacket'];
}

/** The parts that exist once the first picture has come in. */
interface Running {
  readonly form: LiveVideoForm;
  readonly keeper: NetworkKeeper;
  readonly restyler: Restyler;
  readonly program: Program;
}

/** A live stream: from its input through the network to its outlets, until it is told to end. */
export class LiveSession {
  readonly #options: LiveOptions;
  readonly #ended = new AbortController();
  readonly #timeline: Timeline;
  readonly #sound = new SoundTrack();
  readonly #rates = new RateMeter();
  readonly #viewers = new Set<LiveViewer>();
  readonly #input: InputLoop;
  readonly #push: Push | undefined;
  #look: Look;
  #openInput: LiveInput | undefined;
  #starting: Promise<void> | undefined;
  #running: Running | undefined;
  #pushing: Promise<void> | undefined;
  #shown: RestyledPicture | undefined;
  #lastFreshMs = -Infinity;
  /** What is shown before the first picture: black. */
  #still: ShownPicture = emptyPicture;
  #slate: ShownPicture | undefined;
  #repeated = 0;
  #failed: ((error: unknown) => void) | undefined;

  /** @throws VidstyleError `usage` for wrong options */
  constructor(options: LiveOptions) {
    checkLiveOptions(options);
    this.#options = options;
    const { style, strength = liveDefaults.strength, keepColors = liveDefaults.keepColors } = options;
    this.#look = { style, strength, keepColors };
    this.#timeline = new Timeline(this.#latencyMs);
    const { input, listen, inputFormat, hwaccel, output } = options;
    this.#input = new InputLoop({
      ...{ input, listen, inputFormat, hwaccel, signal: this.#ended.signal, onNotice: this.#notice },
      onArrival: (nowMs, dtsMs) => {
        this.#timeline.arrived(nowMs, dtsMs);
      },
      onOpen: (opened) => {
        this.#begin(opened);
      },
      handlers: {
        onPicture: (picture) => {
          this.#takePicture(picture);
        },
        onSound: (block) => {
          this.#takeSound(block);
        },
        onVideoPacket: async (packet) => {
          for (const viewer of this.#viewers) await viewer.onInputPacket?.(packet);
        },
      },
    });
    this.#push = output === undefined ? undefined : this.#pushTo(output);
  }

  /**
   * Runs until the input ends, or {@link close} or the signal ends it.
   *
   * @throws VidstyleError when it cannot begin or go on; 'aborted' by the signal
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const end = (): void => {
      this.#ended.abort();
    };
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    const failed = new Promise<never>((_, reject) => (this.#failed = reject));
    let console: LiveConsole | undefined;
    try {
      // A style that is not there is known before anybody connects.
      await planStyle({ ...this.#look, hints: this.#options.hints, presets: this.#options.presets });
      if (this.#options.console) console = await serveConsole(this, this.#options);
      await Promise.race([failed, this.#input.run().then(() => this.#playOut())]);
    } finally {
      signal?.removeEventListener('abort', end);
      end();
      await console?.close();
      await this.#close();
    }
    if (signal?.aborted) throw abortedError(signal);
  }

  /** Ends the stream; {@link run} then resolves. */
  close(): void {
    this.#ended.abort();
  }

  /** Lets somebody see the stream; returns how to stop that. */
  view(viewer: LiveViewer): () => void {
    this.#viewers.add(viewer);
    if (this.#openInput) viewer.onInput?.(this.#openInput);
    return () => this.#viewers.delete(viewer);
  }

  /** Makes the next picture of the output one that players can begin at. */
  requestKeyFrame(): void {
    this.#running?.program.requestKeyFrame();
  }

  /** When the output's time began, on the clock of `performance.now()`; undefined before. */
  get startedMs(): number | undefined {
    return this.#running?.program.startedMs;
  }

  /** When, on the output's time, what bears this time stamp of the input is shown. */
  outputTimeMs(inputMs: number): number | undefined {
    const dueMs = this.#timeline.dueMs(inputMs);
    return dueMs === undefined || this.startedMs === undefined ? undefined : dueMs - this.startedMs;
  }

  /** Turns to another style, strength or kind of colours. @throws VidstyleError for a style that is not there */
  async turnTo(change: Partial<Look>): Promise<void> {
    if (this.#running) await this.#running.keeper.turnTo(change);
    else await planStyle({ ...this.#look, ...change, presets: this.#options.presets });
    this.#look = { ...this.#look, ...change };
  }

  /** @throws VidstyleError `output` when the file cannot be written, `usage` before the stream has begun */
  async startRecording(path: string): Promise<void> {
    if (!this.#running)
      throw new VidstyleError('usage', 'The stream has not begun: nothing can be recorded.');
    await this.#running.program.startRecording(path);
  }

  /** Completes the recording's file. */
  async stopRecording(): Promise<void> {
    await this.#running?.program.stopRecording();
  }

  get status(): LiveStatus {
    const form = this.#running?.form;
    const size = { width: form?.width ?? 0, height: form?.height ?? 0 };
    const network = this.#running?.keeper.network;
    return {
      seconds: this.startedMs === undefined ? 0 : (performance.now() - this.startedMs) / 1000,
      input: this.#input.isAlive ? 'connected' : 'gone',
      output: this.#push ? (this.#push.isConnected ? 'connected' : 'gone') : 'none',
      look: this.#look,
      outputSize: size,
      workingSize: network ? { width: network.geometry.width, height: network.geometry.height } : size,
      recording: this.#running?.program.isRecording ?? false,
      engine: network?.description ?? '',
      rates: this.#rates.rates,
      totals: this.#totals,
    };
  }

  get #latencyMs(): number {
    return this.#options.latencyMs ?? liveDefaults.latencyMs;
  }

  get #totals(): LiveTotals {
    const { received = 0, restyled = 0, dropped = 0, failed = 0 } = this.#running?.restyler.counts ?? {};
    const { sent = 0, skipped = 0 } = this.#running?.program.counts ?? {};
    const inputConnections = this.#input.connections;
    const outputConnections = this.#push?.counts.connections ?? 0;
    const pictures = { received, restyled, dropped, failed, sent, repeated: this.#repeated, skipped };
    return { ...pictures, inputConnections, outputConnections };
  }

  readonly #notice = (sentence: string): void => {
    this.#options.onNotice?.(sentence);
  };

  #pushTo(url: string): Push {
    return new Push({
      url,
      // Two seconds of a stream of 4 Mbit/s.
      mostWaitingBytes: 1_000_000,
      onNotice: this.#notice,
      onKeyFrameNeeded: () => {
        this.requestKeyFrame();
      },
      signal: this.#ended.signal,
    });
  }

  /** An input is connected, for the first time or again. */
  #begin(input: LiveInput): void {
    this.#openInput = input;
    this.#timeline.reset();
    this.#running?.restyler.clear();
    for (const viewer of this.#viewers) viewer.onInput?.(input);
  }

  #takePicture(picture: LivePicture): void {
    if (this.#running) {
      this.#running.restyler.push(picture);
      return;
    }
    const { width, height } = picture;
    picture.close();
    this.#starting ??= this.#start({ width, height, frameRate: this.#openInput?.frameRate }).catch(
      (error: unknown) => this.#failed?.(error),
    );
  }

  #takeSound(block: SoundBlock): void {
    const dueMs = this.outputTimeMs(block.timeMs);
    if (dueMs !== undefined) this.#sound.lay(block, dueMs);
  }

  /** Opens what follows the input, now that its first picture says what it is. */
  async #start(input: Parameters<typeof chooseForm>[0]): Promise<void> {
    const { signal } = this.#ended;
    const form = chooseForm(input, this.#options);
    const { width, height, frameRate } = form;
    const black = { width, height, format: 'rgb8' } as const;
    this.#still = { pixels: new Uint8Array(frameBytes(black)), geometry: black };
    await this.#loadSlate(width, height);
    const { engine, device, threads, workers, hints, presets } = this.#options;
    const running = { engine, device, threads, workers, hints, presets, signal, onNotice: this.#notice };
    const keeper = await NetworkKeeper.open(this.#look, form, running);
    const restyler = new Restyler(keeper.network, this.#timeline, {
      latencyMs: this.#latencyMs,
      intervalMs: (1000 * frameRate.den) / frameRate.num,
      onBroken: (reason) => {
        keeper.reopen(reason);
      },
    });
    keeper.supply(restyler);
    const program = await this.#openProgram(form).catch(async (error: unknown) => {
      await keeper.close();
      throw error;
    });
    this.#running = { form, keeper, restyler, program };
    if (this.#options.record !== undefined) await program.startRecording(this.#options.record);
    const fps = (frameRate.num / frameRate.den).toFixed(2).replace(/\.?0+$/, '');
    this.#notice(`Sending ${width}×${height} at ${fps} pictures a second; ${keeper.network.description}.`);
    this.#pushing = this.#push?.run();
    void program.run(signal).catch((error: unknown) => this.#failed?.(error));
    this.#watch(signal);
  }

  #openProgram(form: LiveVideoForm): Promise<Program> {
    return Program.open({
      form,
      soundBitsPerSecond: liveDefaults.soundBitsPerSecond,
      sound: this.#sound,
      pictureAt: (nowMs) => this.#pictureAt(nowMs),
      onTag: (tag) => {
        this.#push?.offer(tag);
        for (const viewer of this.#viewers) viewer.onTag?.(tag);
      },
      onNotice: this.#notice,
    });
  }

  async #loadSlate(width: number, height: number): Promise<void> {
    const { slate } = this.#options;
    if (slate === undefined) return;
    const picture = await openPicture(slate, { size: { width, height } });
    for await (const frame of picture.frames()) {
      const pixels = new Uint8Array(frameBytes(picture.geometry));
      frame.read(pixels);
      frame.close();
      this.#slate = { pixels, geometry: picture.geometry };
    }
    await picture.close();
  }

  /** The newest picture that is due, else the last one once more, or the slate while the input is gone. */
  #pictureAt(nowMs: number): ShownPicture {
    const fresh = this.#running?.restyler.take(nowMs);
    if (fresh) {
      this.#shown?.release();
      this.#shown = fresh;
      this.#lastFreshMs = performance.now();
      this.#rates.addDelay(this.#lastFreshMs - fresh.arrivedMs);
      return fresh;
    }
    this.#repeated += 1;
    const isGone = performance.now() - this.#lastFreshMs > slateAfterMs;
    const still = this.#shown ?? this.#still;
    return isGone ? (this.#slate ?? still) : still;
  }

  #watch(signal: AbortSignal): void {
    const timer = setInterval(() => {
      if (!this.#running) return;
      const { restyler, keeper } = this.#running;
      this.#rates.update(this.#totals, restyler.networkMs);
      keeper.watch(restyler.counts);
    }, 1000);
    signal.addEventListener('abort', () => {
      clearInterval(timer);
    });
  }

  /** After an input's own end, what has come in is still sent. */
  async #playOut(): Promise<void> {
    await this.#starting;
    if (this.#ended.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#latencyMs + 100);
      this.#ended.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #close(): Promise<void> {
    await this.#starting;
    const running = this.#running;
    if (!running) return;
    running.restyler.close();
    const results = await Promise.allSettled([
      running.program.close(),
      running.keeper.close(),
      this.#pushing,
    ]);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }
}

const slateAfterMs = 2000;
const emptyPicture: ShownPicture = {
  pixels: new Uint8Array(0),
  geometry: { width: 0, height: 0, format: 'rgb8' },
};
