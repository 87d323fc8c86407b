/** How a network's numbers stand for light. */
export type ValueRange = '0..1' | '0..255' | '-1..1';

/** Where the channels stand among a tensor's axes. */
export type TensorLayout = 'nchw' | 'nhwc';

/** What a user can tell about a third-party model instead of having it found out. */
export interface ModelHints {
  readonly layout?: TensorLayout;
  /** The range of the input, and of the output where {@link outputRange} is absent. */
  readonly range?: ValueRange;
  readonly outputRange?: ValueRange;
  /** Output size ÷ input size. */
  readonly scale?: number;
  /** Sides are padded up to a multiple of this; default 4 for models of free size. */
  readonly multiple?: number;
  /** Side of the tiles in pixels; default: 512 for enlarging models; else whole frames, and tiles where memory is short. */
  readonly tile?: number;
  /** Pixels that neighbouring tiles share; default 32. */
  readonly overlap?: number;
}
