import type * as TensorFlow from '@tensorflow/tfjs-core';

/** TensorFlow.js' core: gradients and tensors, without a backend of its own. */
export type Tf = typeof TensorFlow;

/** What a kernel is told beside its tensors. */
export type Attrs = Readonly<Record<string, unknown>>;
