import { readFile } from 'node:fs/promises';
import { isVidstyleError, messageOf, VidstyleError } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import type { EngineSession, SessionOptions } from './engine.js';
import { isTiled, planFrame, smallerPlan, type FramePlan } from './frame-plan.js';
import { FrameTransfer } from './frame-transfer.js';
import { readImageModel, type ImageModel } from './image-model.js';
import { samplesOf } from './pixels.js';
import { pictureShape } from './signature.js';
import { createTensor, type Tensor, type TensorBackend, type TensorSession } from './tensor.js';

/**
 * Opens a model of any origin on a backend: the whole of an engine but its package. Frames go through in one piece, or
 * in tiles where the model's size is fixed or memory does not suffice.
 *
 * @throws VidstyleError 'model', 'engine', 'memory' or 'usage'
 */
export async function openImageSession(
  options: SessionOptions,
  backend: TensorBackend,
): Promise<EngineSession> {
  const model = await readImageModel(await bytesOfModel(options.model), options, backend);
  const session = new ImageSession(model, options, backend);
  await session.open();
  return session;
}

/** A graph compiled for one tile size, and the tensor that its picture is read from. */
interface Compiled {
  readonly image: Tensor;
  readonly session: TensorSession;
}

class ImageSession implements EngineSession {
  readonly outputGeometry: FrameGeometry;
  readonly notices: string[];
  readonly isLuma: boolean;
  readonly #model: ImageModel;
  readonly #options: SessionOptions;
  readonly #backend: TensorBackend;
  readonly #transfer: FrameTransfer;
  readonly #style: Tensor | undefined;
  #plan: FramePlan;
  #compiled: Compiled | undefined;
  #description = '';

  constructor(model: ImageModel, options: SessionOptions, backend: TensorBackend) {
    const { width, height, format } = options.geometry;
    this.#model = model;
    this.#options = options;
    this.#backend = backend;
    this.outputGeometry = { width: width * model.scale, height: height * model.scale, format };
    this.notices = [...model.notices];
    this.isLuma = model.outputFormat.channels === 1;
    this.#transfer = new FrameTransfer(model, options.geometry);
    this.#plan = planFrame(model, options.geometry, options.hints);
    this.#style = model.styles > 0 ? createTensor('float32', [model.styles]) : undefined;
    if (this.#style || options.style) this.setStyle(options.style ?? []);
  }

  get description(): string {
    return this.#description;
  }

  async open(): Promise<void> {
    await this.#persist(() => this.#compile());
  }

  async run(input: Uint8Array, output: Uint8Array): Promise<void> {
    await this.#persist(async () => {
      const { image, session } = await this.#compile();
      if (session.runOn && this.#transfer.isPlain(this.#plan)) {
        const { format } = this.#options.geometry;
        await session.runOn(samplesOf(input, format), samplesOf(output, format));
        return;
      }
      await this.#transfer.run(this.#plan, input, output, image, () => {
        if (this.#options.stopped?.()) throw new VidstyleError('aborted', 'The frame was given up.');
        return session.run();
      });
    });
  }

  setStyle(weights: readonly number[]): void {
    const { styles } = this.#model;
    if (!this.#style || weights.length !== styles) {
      const given = `${weights.length} weights were given`;
      throw new VidstyleError('usage', `The network blends ${styles} styles, but ${given}.`);
    }
    this.#style.data.set(weights);
  }

  async close(): Promise<void> {
    const compiled = this.#compiled;
    this.#compiled = undefined;
    await compiled?.session.close();
  }

  /** Does the work, and again with smaller tiles as often as memory does not suffice. */
  async #persist(work: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        await this.#shrink(error);
      }
    }
  }

  async #shrink(error: unknown): Promise<void> {
    const { geometry, hints } = this.#options;
    if (!isVidstyleError(error) || error.code !== 'memory') throw error;
    await this.close();
    const { tile } = this.#plan;
    const smaller = smallerPlan(this.#plan, this.#model, geometry, hints);
    if (!smaller) {
      const text = `Memory does not suffice to run the model on ${tile.width}×${tile.height} pixels: ${messageOf(error)}`;
      throw new VidstyleError('memory', text, { cause: error });
    }
    this.#plan = smaller;
    this.notices.push(
      `Memory does not suffice for ${tile.width}×${tile.height} pixels at once; going on in tiles of ` +
        `${smaller.tile.width}×${smaller.tile.height}. A network that normalises whole pictures may show them.`,
    );
  }

  async #compile(): Promise<Compiled> {
    if (this.#compiled) return this.#compiled;
    const { input, output, inputFormat, outputFormat, scale, margin, constants, bytes } = this.#model;
    const { width, height } = this.#plan.tile;
    const [seenWidth, seenHeight] = [width + 2 * margin, height + 2 * margin];
    const image = createTensor(input.type, pictureShape(input, inputFormat.layout, seenHeight, seenWidth));
    const session = await this.#backend.open({
      model: bytes,
      freeDimensions: freeDimensions(this.#model, seenWidth, seenHeight),
      inputs: { ...constants, [input.name]: image, ...(this.#style ? { style: this.#style } : {}) },
      image: input.name,
      output: output.name,
      outputType: output.type,
      outputShape: pictureShape(output, outputFormat.layout, height * scale, width * scale),
      device: this.#options.device,
      threads: this.#options.threads,
    });
    this.#compiled = { image, session };
    this.notices.push(...session.notices.filter((notice) => !this.notices.includes(notice)));
    const tiles = isTiled(this.#plan) ? `, tiles of ${width}×${height}` : '';
    this.#description = session.description + tiles;
    return this.#compiled;
  }
}

/** Values for the names of the input's free dimensions. One name for two sizes is left free. */
function freeDimensions({ input }: ImageModel, width: number, height: number): Record<string, number> {
  const wanted: [number | string, number][] = [
    [input.batch, 1],
    [input.height, height],
    [input.width, width],
  ];
  const sizes = new Map<string, Set<number>>();
  for (const [name, size] of wanted) {
    if (typeof name === 'string' && name !== '') sizes.set(name, (sizes.get(name) ?? new Set()).add(size));
  }
  const single = [...sizes].filter(([, values]) => values.size === 1);
  return Object.fromEntries(single.map(([name, values]) => [name, Math.max(...values)]));
}

/**
 * A model's bytes, from memory or from its file.
 * @throws VidstyleError 'model' where the file cannot be read
 */
export async function bytesOfModel(model: Uint8Array | string): Promise<Uint8Array> {
  if (typeof model !== 'string') return model;
  try {
    return await readFile(model);
  } catch (cause) {
    throw new VidstyleError('model', `The model ${model} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
