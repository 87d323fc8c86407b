import {
  createTensor,
  tensorArray,
  type Tensor,
  type TensorData,
  type TensorRequest,
  type TensorSession,
} from '../tensor.js';
import type { Handle, OpenvinoApi } from './c-api.js';

/** What a session stands on; whoever made it gives it away. */
export interface OpenedModel {
  readonly api: OpenvinoApi;
  /** The infer request. */
  readonly request: Handle;
  /** Frees the request and all below it; called once. */
  readonly free: () => void;
  readonly description: string;
  readonly notices: readonly string[];
}

/** A model compiled for one device; frames that lie as the model wants them are read and written where they are. */
export class OpenvinoSession implements TensorSession {
  readonly description: string;
  readonly notices: readonly string[];
  readonly #model: OpenedModel;
  readonly #wanted: TensorRequest;
  readonly #imageType: number;
  readonly #resultType: number;
  readonly #kept: Tensor | undefined;
  #isOpen = true;

  constructor(model: OpenedModel, wanted: TensorRequest) {
    this.#model = model;
    this.#wanted = wanted;
    this.description = model.description;
    this.notices = model.notices;
    this.#imageType = this.#typeOf(wanted.image);
    this.#resultType = this.#typeOf(wanted.output);
    for (const [name, { shape, data }] of Object.entries(wanted.inputs)) {
      this.#bind(name, this.#typeOf(name), shape, data);
    }
    this.#kept = wanted.outputShape && createTensor(wanted.outputType, wanted.outputShape);
  }

  run(): Promise<Tensor> {
    const { inputs, image } = this.#wanted;
    const data = inputs[image]?.data;
    return settle(() => {
      if (data && this.#kept) this.#infer(data, this.#kept.data);
      else this.#model.api.infer(this.#model.request);
      return this.#kept ?? this.#copyOfResult();
    });
  }

  runOn(image: TensorData, result: TensorData): Promise<void> {
    return settle(() => {
      this.#infer(image, result);
    });
  }

  close(): Promise<void> {
    if (this.#isOpen) this.#model.free();
    this.#isOpen = false;
    return Promise.resolve();
  }

  #infer(image: TensorData, result: TensorData): void {
    const { api, request } = this.#model;
    const { inputs, image: imageName, output, outputShape = [] } = this.#wanted;
    this.#bind(imageName, this.#imageType, inputs[imageName]?.shape ?? [], image);
    this.#bind(output, this.#resultType, outputShape, result);
    api.infer(request);
  }

  #bind(name: string, type: number, shape: readonly number[], data: TensorData): void {
    const { api, request } = this.#model;
    const tensor = api.wrap(type, shape, data);
    try {
      api.bind(request, name, tensor);
    } finally {
      api.free('tensor', tensor); // the request holds a reference of its own
    }
  }

  #typeOf(name: string): number {
    return this.#withTensor(name, (tensor) => this.#model.api.elementType(tensor));
  }

  #copyOfResult(): Tensor {
    const { api } = this.#model;
    const { output, outputType: type } = this.#wanted;
    return this.#withTensor(output, (tensor) => {
      const data = tensorArray(type, api.bytesOf(tensor));
      return { type, shape: api.shapeOf(tensor), data };
    });
  }

  #withTensor<T>(name: string, use: (tensor: Handle) => T): T {
    const { api, request } = this.#model;
    const tensor = api.tensorOf(request, name);
    try {
      return use(tensor);
    } finally {
      api.free('tensor', tensor);
    }
  }
}

/** A call that blocks, as a promise: what it throws is a rejection. */
function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
