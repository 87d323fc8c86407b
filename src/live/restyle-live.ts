import type { Look } from './network.js';
import type { LiveOptions } from './options.js';
import { LiveSession } from './session.js';
import type { LiveStatus } from './status.js';

/** A live stream under way. */
export interface LiveStream {
  /**
   * Settles when everything is closed: after the input's own end, {@link LiveStream.close} or the signal.
   * Rejects with a VidstyleError when the stream cannot begin or go on, wrong options included; `aborted` after the signal.
   */
  readonly done: Promise<void>;
  /** How it is doing. */
  readonly status: LiveStatus;
  /**
   * Turns to another style, blend, strength or kind of colours; what is not named stays as it is.
   * @throws VidstyleError for a style that is not there; the look then stays as it was
   */
  turnTo(change: Partial<Look>): Promise<void>;
  /**
   * Writes the output to a file too: .mkv, .mp4, .mov, .flv or .ts.
   * @throws VidstyleError `output` when it cannot be written, `usage` before the stream has begun
   */
  startRecording(path: string): Promise<void>;
  /** Completes the recording's file. */
  stopRecording(): Promise<void>;
  /** Ends the stream and resolves when everything is closed. */
  close(): Promise<void>;
}

/**
 * Restyles a stream while it runs and pushes it on with its sound. The output is one unbroken stream, whatever the input
 * does: a lost input or output is connected again, a network that is too slow works at a smaller size.
 *
 * Errors, wrong options included, arrive by the stream's `done`.
 */
export function restyleLive(options: LiveOptions): LiveStream {
  const session = new LiveSession(options);
  const done = session.run();
  return {
    done,
    get status() {
      return session.status;
    },
    turnTo: (change) => session.turnTo(change),
    startRecording: (path) => session.startRecording(path),
    stopRecording: () => session.stopRecording(),
    close: () => {
      session.close();
      return done;
    },
  };
}
