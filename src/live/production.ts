import type { LivePicture } from '../media/live-input.js';
import type { LiveVideoForm } from '../media/live-video-encoder.js';
import type { Look, Network, NetworkOptions } from './network.js';
import { NetworkKeeper } from './network-keeper.js';
import { liveDefaults, type LiveOptions } from './options.js';
import { Program, type ProgramOptions } from './program.js';
import { Restyler, type RestylerCounts } from './restyler.js';
import { loadSlate, Screen } from './screen.js';
import type { Timeline } from './timeline.js';

/** What a {@link Production} is made from. */
export interface ProductionOptions
  extends
    Pick<ProgramOptions, 'form' | 'sound' | 'onTag' | 'onNotice'>,
    Omit<NetworkOptions, 'onNotice' | 'signal'>,
    Pick<LiveOptions, 'slate'> {
  readonly look: Look;
  readonly latencyMs: number;
  readonly timeline: Timeline;
  /** A picture leaves this long after its arrival. */
  readonly onDelay: (delayMs: number) => void;
  readonly signal: AbortSignal;
}

/** From decoded pictures to what is sent: network, screen and program, which exist once the output's form is known. */
export class Production {
  /** @throws VidstyleError when network, slate or encoders cannot be opened */
  static async open(options: ProductionOptions): Promise<Production> {
    const { form, look, slate, timeline, latencyMs, sound, onTag, onNotice } = options;
    const slatePicture = slate === undefined ? undefined : await loadSlate(slate, form);
    const keeper = await NetworkKeeper.open(look, form, options);
    try {
      const restyler = new Restyler(keeper.network, timeline, {
        latencyMs,
        intervalMs: (1000 * form.frameRate.den) / form.frameRate.num,
        onBroken: (reason) => {
          keeper.reopen(reason);
        },
      });
      keeper.supply(restyler);
      const take = (nowMs: number) => restyler.take(nowMs);
      const screen = new Screen(form, { take, slate: slatePicture, onDelay: options.onDelay });
      const program = await Program.open({
        ...{ form, sound, onTag, onNotice, soundBitsPerSecond: liveDefaults.soundBitsPerSecond },
        pictureAt: (nowMs) => screen.pictureAt(nowMs),
      });
      return new Production(form, keeper, restyler, screen, program);
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  private constructor(
    readonly form: LiveVideoForm,
    private readonly keeper: NetworkKeeper,
    private readonly restyler: Restyler,
    private readonly screen: Screen,
    readonly program: Program,
  ) {}

  get network(): Network {
    return this.keeper.network;
  }

  /** What a picture takes in the network, milliseconds. */
  get networkMs(): number {
    return this.restyler.networkMs;
  }

  /** What happened since the beginning. */
  get counts(): RestylerCounts & Program['counts'] & { readonly repeated: number } {
    return { ...this.restyler.counts, ...this.program.counts, repeated: this.screen.repeated };
  }

  /** A picture has been decoded. */
  push(picture: LivePicture): void {
    this.restyler.push(picture);
  }

  /** Forgets what waits: the input begins anew. */
  clear(): void {
    this.restyler.clear();
  }

  /** @throws VidstyleError for a style that is not there; the look then stays as it was */
  turnTo(change: Partial<Look>): Promise<void> {
    return this.keeper.turnTo(change);
  }

  /** To be called once a second: keeps the working size fit for the network. */
  watch(): void {
    this.keeper.watch(this.restyler.counts);
  }

  /** Completes a recording and closes everything; idempotent. */
  async close(): Promise<void> {
    this.restyler.close();
    const results = await Promise.allSettled([this.program.close(), this.keeper.close()]);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }
}
