import { LiveSession } from '../../src/live/session.js';
import type { LiveOptions } from '../../src/live/options.js';
import { makePresets } from '../fixtures/presets.js';
import { freePort, startRtmpServer, type RtmpServer } from './rtmp-server.js';
import { TestSignal, type TestSignalOptions } from './test-signal.js';
import { tintEngine } from './tint-engine.js';
import { until, Watcher } from './watcher.js';

/** How a session of the tests may differ from the usual one; `close`: after how many milliseconds it is closed. */
export type SessionWishes = Partial<LiveOptions> & { readonly close?: number };

/** A session under way. */
export interface RunningSession {
  readonly session: LiveSession;
  /** Settles when everything is closed. */
  readonly done: Promise<void>;
  readonly notices: readonly string[];
}

/** A server and all that a test opens around it, closed together. */
export class LiveHouse {
  #open: (() => Promise<unknown>)[] = [];
  #names = new Map<string, string>();
  #count = 0;
  notices: string[] = [];

  private constructor(
    public server: RtmpServer,
    readonly presets: string,
  ) {}

  static async open(): Promise<LiveHouse> {
    return new LiveHouse(await startRtmpServer(), await makePresets());
  }

  /** Each test has streams of its own: the server remembers former publishers for a while. */
  url(name: string): string {
    const own = this.#names.get(name) ?? `${name}${(this.#count += 1)}`;
    this.#names.set(name, own);
    return this.server.url(own);
  }

  /** The name that the server knows a stream by. */
  nameOf(name: string): string {
    return this.url(name).split('/').at(-1) ?? '';
  }

  signal(name: string, options: TestSignalOptions = {}): Promise<TestSignal> {
    return this.signalTo(this.url(name), options);
  }

  /** Publishes the test signal, as soon as somebody listens. */
  async signalTo(url: string, options: TestSignalOptions = {}): Promise<TestSignal> {
    const giveUpMs = performance.now() + 20_000;
    for (;;) {
      try {
        const signal = await TestSignal.start(url, options);
        this.#open.push(() => signal.stop());
        return signal;
      } catch (error) {
        if (performance.now() > giveUpMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** A session from stream `in` to stream `out`, by an engine of colours. */
  start(wishes: SessionWishes): RunningSession {
    const { close, ...options } = wishes;
    const notices: string[] = [];
    this.notices = notices;
    const session = new LiveSession({
      input: this.url('in'),
      output: this.url('out'),
      style: 'mosaic',
      presets: this.presets,
      engine: tintEngine(),
      onNotice: (sentence) => notices.push(sentence),
      ...options,
    });
    const done = session.run();
    done.catch(() => undefined);
    const timer = close === undefined ? undefined : setTimeout(() => session.close(), close);
    this.#open.push(async () => {
      clearTimeout(timer);
      session.close();
      await done.catch(() => undefined);
    });
    return { session, done, notices };
  }

  session(wishes: SessionWishes): LiveSession {
    return this.start(wishes).session;
  }

  /** Waits until somebody publishes the output. */
  async outputRuns(): Promise<void> {
    await until(() => this.server.sessions(this.nameOf('out'), 'publisher').length > 0, 'the output');
  }

  async watch(name: string): Promise<Watcher> {
    const watcher = await Watcher.start(this.url(name));
    this.#open.push(() => watcher.stop());
    return watcher;
  }

  /** An address at which a session can listen. */
  async listener(): Promise<{ readonly port: number; readonly url: string }> {
    const port = await freePort();
    return { port, url: `rtmp://127.0.0.1:${port}/live/key` };
  }

  /** Closes what the test has opened, the youngest first. */
  async stopAll(): Promise<void> {
    for (const close of this.#open.splice(0).reverse()) await close();
    this.#names.clear();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.server.stop();
  }
}
