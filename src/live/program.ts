import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import { FlvMuxer, type FlvTag } from '../media/flv-muxer.js';
import type { FrameGeometry } from '../media/frames.js';
import { LiveRecorder } from '../media/live-recorder.js';
import { LiveSoundEncoder, liveSampleRate, soundFrameSamples } from '../media/live-sound.js';
import { LiveVideoEncoder, type LiveVideoForm } from '../media/live-video-encoder.js';
import { isOver } from './back-off.js';
import type { SoundTrack } from './sound-track.js';

/** A picture to send. */
export interface ShownPicture {
  readonly pixels: Uint8Array;
  readonly geometry: FrameGeometry;
}

/** What a {@link Program} is made from. */
export interface ProgramOptions {
  readonly form: LiveVideoForm;
  readonly soundBitsPerSecond: number;
  readonly sound: SoundTrack;
  /** The picture to show at a time of `performance.now()`. */
  readonly pictureAt: (nowMs: number) => ShownPicture;
  /** What is sent, tag by tag. */
  readonly onTag: (tag: FlvTag) => void;
  readonly onNotice: (sentence: string) => void;
}

/**
 * What is sent: exactly as many pictures a second as promised, whatever the input does, and sound without a gap. Both are
 * cut from this machine's clock, so the stream can neither run ahead nor fall behind.
 */
export class Program {
  /** Pictures sent, and those left out because the machine stood still. */
  readonly counts = { sent: 0, skipped: 0 };
  readonly #options: ProgramOptions;
  readonly #video: LiveVideoEncoder;
  readonly #sound: LiveSoundEncoder;
  readonly #flv: FlvMuxer;
  #recorder: LiveRecorder | undefined;
  #keyFrameWanted = true;
  /** Encoders and muxers take one call at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #startedMs = 0;

  /** @throws VidstyleError `output` when the encoders do not start */
  static async open(options: ProgramOptions): Promise<Program> {
    const opened: { close(): void }[] = [];
    try {
      const video = await LiveVideoEncoder.open(options.form);
      opened.push(video);
      const sound = await LiveSoundEncoder.open(options.soundBitsPerSecond);
      opened.push(sound);
      const codecs = [{ context: video.context }, { context: sound.context }];
      return new Program(options, video, sound, await FlvMuxer.open(codecs, options.onTag));
    } catch (error) {
      for (const part of opened) part.close();
      throw error;
    }
  }

  private constructor(
    options: ProgramOptions,
    video: LiveVideoEncoder,
    sound: LiveSoundEncoder,
    flv: FlvMuxer,
  ) {
    this.#options = options;
    this.#video = video;
    this.#sound = sound;
    this.#flv = flv;
    this.#startedMs = performance.now();
  }

  /** When the output's time began, on the clock of `performance.now()`. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** Makes the next picture one that players can begin at. */
  requestKeyFrame(): void {
    this.#keyFrameWanted = true;
  }

  /** Sends until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { num, den } = this.#options.form.frameRate;
    const intervalMs = (1000 * den) / num;
    for (let tick = 0; !isOver(signal); tick += 1) {
      const dueMs = this.#startedMs + tick * intervalMs;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (isOver(signal)) return;
      if (waitMs < -standstillMs) {
        const missed = Math.floor(-waitMs / intervalMs);
        this.counts.skipped += missed;
        tick += missed;
        this.#options.sound.skipTo(tick * intervalMs);
        this.#keyFrameWanted = true;
      }
      const nowMs = this.#startedMs + tick * intervalMs;
      await this.#exclusively(() => this.#sendTick(tick, nowMs, intervalMs));
    }
  }

  /** Whether a recording is under way. */
  get isRecording(): boolean {
    return this.#recorder !== undefined;
  }

  /** @throws VidstyleError `output` when the file cannot be written */
  async startRecording(path: string): Promise<void> {
    await this.#exclusively(async () => {
      if (this.#recorder) return;
      this.#recorder = await LiveRecorder.open(path, [this.#video, this.#sound]);
      this.#keyFrameWanted = true;
    });
  }

  /** Completes the recording's file. */
  async stopRecording(): Promise<void> {
    await this.#exclusively(async () => {
      const recorder = this.#recorder;
      this.#recorder = undefined;
      await recorder?.close();
    });
  }

  /** Completes a recording and closes the encoders; idempotent. */
  async close(): Promise<void> {
    try {
      await this.stopRecording();
    } finally {
      this.#flv.close();
      this.#video.close();
      this.#sound.close();
    }
  }

  async #sendTick(tick: number, nowMs: number, intervalMs: number): Promise<void> {
    // The picture whose time is nearest: half an interval sooner or later at most.
    const { pixels, geometry } = this.#options.pictureAt(nowMs + intervalMs / 2);
    const isKeyFrame = this.#keyFrameWanted;
    this.#keyFrameWanted = false;
    await this.#video.encode(pixels, geometry, tick, isKeyFrame, async (packet) => {
      await this.#flv.write(packet, 0, this.#video.timeBase);
      await this.#record((recorder) => recorder.write(packet, 0));
    });
    this.counts.sent += 1;
    const { sound } = this.#options;
    const frameMs = (soundFrameSamples / liveSampleRate) * 1000;
    while (sound.takenMs + frameMs <= nowMs - this.#startedMs) {
      const block = sound.take(soundFrameSamples);
      await this.#sound.encode(block, block.position, async (packet) => {
        await this.#flv.write(packet, 1, this.#sound.timeBase);
        await this.#record((recorder) => recorder.write(packet, 1));
      });
    }
  }

  /** A recording that fails (a full disk) ends; the stream goes on. */
  async #record(write: (recorder: LiveRecorder) => Promise<void>): Promise<void> {
    if (!this.#recorder) return;
    try {
      await write(this.#recorder);
    } catch (error) {
      const recorder = this.#recorder;
      this.#recorder = undefined;
      await recorder.close().catch(() => undefined);
      this.#options.onNotice(`The recording has ended: ${messageOf(error)}`);
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** A machine that was asleep or frozen for longer does not send all it missed. */
const standstillMs = 1000;
