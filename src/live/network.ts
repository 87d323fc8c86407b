import { planStyle, type RestyleOptions } from '../jobs/restyle.js';
import type { EngineName } from '../engines/engine.js';
import { testCardFrame } from '../engines/test-card.js';
import type { NetworkPlan } from '../jobs/process.js';
import { startPool } from '../jobs/start-pool.js';
import type { ProcessOptions } from '../jobs/options.js';
import type { FrameGeometry } from '../media/frames.js';
import type { LivePicture } from '../media/live-input.js';
import { SteadyFilter } from '../pipeline/steady-filter.js';
import { FrameSlots, Owner, type Slot } from '../workers/frame-slots.js';
import type { WorkerPool } from '../workers/pool.js';

/** What the picture is to look like. */
export type Look = Required<Pick<RestyleOptions, 'style' | 'strength' | 'keepColors'>>;

/** How networks are found and run. */
export type NetworkOptions = Pick<RestyleOptions, 'steady' | 'hints' | 'presets'> &
  Pick<
    ProcessOptions,
    'engine' | 'device' | 'precision' | 'openvino' | 'threads' | 'workers' | 'onNotice' | 'signal'
  >;

/** A restyled picture in shared memory. */
export interface RestyledPixels {
  readonly pixels: Uint8Array;
  readonly geometry: FrameGeometry;
  /** Milliseconds that the network took. */
  readonly networkMs: number;
  /** Gives the memory back. */
  release(): void;
}

/** A network in worker threads for pictures of one size, with the memory that they lie in. */
export class Network {
  readonly #slots: FrameSlots;
  #frames = 0;

  private constructor(
    readonly geometry: FrameGeometry,
    private readonly pool: WorkerPool,
    private plan: NetworkPlan,
    /** Of pictures in the order in which they come. */
    private readonly steady: SteadyFilter | undefined,
  ) {
    // Besides those that workers are at: some that wait for their time, the one that is shown, the one before it.
    this.#slots = new FrameSlots({
      count: pool.workers + 6,
      inputGeometry: geometry,
      outputGeometry: pool.outputGeometry,
    });
  }

  /** @throws VidstyleError for a style that is not there or a network that cannot be opened */
  static async open(look: Look, geometry: FrameGeometry, options: NetworkOptions): Promise<Network> {
    const plan = await planStyle({ ...look, hints: options.hints, presets: options.presets });
    // There is no frame yet to try engines on.
    const firstFrames = (): Promise<Uint8Array[]> =>
      Promise.resolve([testCardFrame(geometry.width, geometry.height)]);
    const pool = await startPool({ plan, geometry, options, firstFrames });
    return new Network(geometry, pool, plan, options.steady ? new SteadyFilter(geometry) : undefined);
  }

  /** What runs it; of `auto`, the engine that was fastest. */
  get engine(): EngineName | URL {
    return this.pool.engine;
  }

  get description(): string {
    return this.pool.description;
  }

  get workers(): number {
    return this.pool.workers;
  }

  /** Whether another picture could be taken at once. */
  get hasRoom(): boolean {
    return this.#slots.free > 0;
  }

  /** Turns to another look from the next picture on; false where that takes another network. */
  async turnTo(look: Look, options: NetworkOptions): Promise<boolean> {
    const plan = await planStyle({ ...look, hints: options.hints, presets: options.presets });
    const isSame = plan.model === this.plan.model && plan.style?.length === this.plan.style?.length;
    if (!isSame || plan.constants) return false;
    this.plan = plan;
    this.pool.set({
      strength: plan.strength ?? 1,
      keepColors: plan.keepColors ?? false,
      ...(plan.style && { style: plan.style }),
    });
    return true;
  }

  /**
   * Restyles one picture and closes it. A worker's death is survived once.
   * @throws VidstyleError when the picture cannot be done; 'aborted' after {@link close}
   */
  async run(picture: LivePicture): Promise<RestyledPixels> {
    const slot = await this.#slots.acquire();
    let owner: Owner = Owner.source;
    const pass = (to: Owner): void => {
      this.#slots.pass(slot, owner, to);
      owner = to;
    };
    try {
      picture.read(slot.input, this.geometry);
      this.steady?.apply(slot.input);
      picture.close();
      pass(Owner.worker);
      const { networkMs, composeMs } = await this.pool.run(slot, this.#slots.memory, this.#frames++);
      pass(Owner.sink);
      return this.#result(slot, networkMs + composeMs);
    } catch (error) {
      picture.close();
      this.#slots.release(slot, owner);
      throw error;
    }
  }

  /** Ends the workers; idempotent. Results that were given out stay readable. */
  close(): Promise<void> {
    this.#slots.close(new Error('the network is closed'));
    return this.pool.close();
  }

  #result(slot: Slot, networkMs: number): RestyledPixels {
    let held = true;
    return {
      pixels: slot.output,
      geometry: this.pool.outputGeometry,
      networkMs,
      release: () => {
        if (held) this.#slots.release(slot, Owner.sink);
        held = false;
      },
    };
  }
}
