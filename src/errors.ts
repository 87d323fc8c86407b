/**
 * What went wrong, as a word that programs can switch on. `usage` is the caller's mistake (exit code 2), `aborted`
 * is the caller's wish (130); everything else is a failure of the run (1).
 */
export type ErrorCode =
  | 'usage'
  | 'aborted'
  | 'input' // the input cannot be read, decoded or accepted
  | 'output' // the output cannot be written
  | 'model' // a network cannot be loaded or is not what the command needs
  | 'engine' // an inference engine is missing or failed
  | 'worker' // a worker thread died twice on the same frame
  | 'memory' // an allocation was refused
  | 'training' // a training cannot start or go on
  | 'verify' // the output differs from what was promised
  | 'setup'; // an optional part is missing or could not be installed

// Errors cross realms (worker threads, Jest's sandbox), where `instanceof` lies; a registered symbol does not.
const brand = Symbol.for('vidstyle.error');

/** What an error may carry beside its sentence. */
export interface VidstyleErrorOptions {
  readonly cause?: unknown;
  /** Facts a program may want (a frame's number, a path, the allowed values). Must survive structured clone. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error whose message is one clear sentence for the user, and whose `code` is for programs. */
export class VidstyleError extends Error {
  override readonly name = 'VidstyleError';
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: VidstyleErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Recognises a {@link VidstyleError} from any realm. */
export function isVidstyleError(value: unknown): value is VidstyleError {
  return typeof value === 'object' && value !== null && brand in value;
}

/** An error as it crosses a thread or process: structured-clone and JSON safe. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Packs any thrown value for the crossing; a foreign error gets the code `fallback`. */
export function toErrorRecord(value: unknown, fallback: ErrorCode): ErrorRecord {
  if (isVidstyleError(value)) return { code: value.code, message: value.message, details: value.details };
  return { code: fallback, message: messageOf(value), details: {} };
}

/** The message of any thrown value; `instanceof Error` would miss errors of another realm. */
export function messageOf(value: unknown): string {
  const isErrorLike = typeof value === 'object' && value !== null && 'message' in value;
  return isErrorLike ? String(value.message) : String(value);
}

/** Unpacks what {@link toErrorRecord} packed. */
export function fromErrorRecord(record: ErrorRecord): VidstyleError {
  return new VidstyleError(record.code, record.message, { details: record.details });
}

/** The error for an operation that its `signal` ended. */
export function abortedError(signal: AbortSignal): VidstyleError {
  return new VidstyleError('aborted', 'Interrupted.', { cause: signal.reason as unknown });
}
