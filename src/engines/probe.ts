import { isVidstyleError, messageOf } from '../errors.js';
import type { Enlargement, Observed } from './enlargement.js';
import type { Size } from './frame-plan.js';
import { halfTable } from './half.js';
import type { ModelHints, TensorLayout, ValueRange } from './model-hints.js';
import { Packer } from './packer.js';
import { notAPictureNetwork, pictureShape, pictureSize, type PictureTensor } from './signature.js';
import { createTensor, type Tensor, type TensorBackend, type TensorSession } from './tensor.js';
import { innerCard, type TestCard } from './test-card.js';

/** A third-party model whose conventions are sought. */
export interface Unknown {
  readonly bytes: Uint8Array;
  readonly input: PictureTensor;
  readonly output: PictureTensor;
  readonly hints: ModelHints;
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly threads: number | undefined;
}

/** What came out for a card. */
export interface ProbeResult {
  /** Numbers in the size and order of {@link seen}, blocks of an enlarged result averaged. */
  readonly values: Float32Array;
  /** What of the card the result shows. */
  readonly seen: TestCard;
  readonly layout: TensorLayout;
}

/** A model opened for pictures of a test card's size, on the CPU, to see what it does. */
export class Probe {
  private constructor(
    private readonly model: Unknown,
    private readonly card: TestCard,
    readonly inputLayout: TensorLayout,
    private readonly tensor: Tensor,
    private readonly session: TensorSession,
  ) {}

  /** Where the graph does not tell the layout, takes the one with which it runs. */
  static async open(model: Unknown, card: TestCard, backend: TensorBackend): Promise<Probe> {
    const { layout } = model.input;
    if (layout) return Probe.compile(model, card, layout, backend);
    const planar = await Probe.compile(model, card, 'nchw', backend).catch(unlessMemory);
    if (await planar?.works()) return planar as Probe;
    await planar?.close();
    return Probe.compile(model, card, 'nhwc', backend);
  }

  private static async compile(
    model: Unknown,
    card: TestCard,
    layout: TensorLayout,
    backend: TensorBackend,
  ): Promise<Probe> {
    const { bytes, input, output, constants, threads } = model;
    const tensor = createTensor(input.type, pictureShape(input, layout, card.height, card.width));
    const session = await backend.open({
      model: bytes,
      freeDimensions: {},
      inputs: { ...constants, [input.name]: tensor },
      image: input.name,
      output: output.name,
      outputType: output.type,
      device: 'cpu',
      threads,
    });
    return new Probe(model, card, layout, tensor, session);
  }

  /** The size of what comes out. @throws VidstyleError 'model' when it is no picture */
  async observe(): Promise<Observed> {
    const { width, height } = this.card;
    return { from: { width, height }, to: this.sizeOf(await this.runSession()) };
  }

  /** @throws VidstyleError 'model' when there is no result, or none of this size */
  async run(range: ValueRange, { scale, margin }: Enlargement): Promise<ProbeResult> {
    const { input, output } = this.model;
    const { width, height } = this.card;
    const samples = Uint8Array.from(this.card.values, (value) => Math.round(value * 255));
    const format = { type: input.type, channels: input.channels, layout: this.inputLayout, range };
    new Packer(format, 'rgb8').pack(samples, width, height, { x: 0, y: 0, width, height }, this.tensor);
    const result = await this.runSession();
    const { layout } = this.sizeOf(result);
    const seen = innerCard(this.card, margin);
    return { seen, layout, values: reduced(result, output.channels, seen, scale, layout) };
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private async works(): Promise<boolean> {
    try {
      this.sizeOf(await this.runSession());
      return true;
    } catch (error) {
      if (isVidstyleError(error) && error.code === 'model') return false;
      throw error;
    }
  }

  private async runSession(): Promise<Tensor> {
    try {
      return await this.session.run();
    } catch (error) {
      if (isVidstyleError(error) && error.code === 'memory') throw error;
      throw notAPictureNetwork(`it fails on one (${messageOf(error)})`);
    }
  }

  private sizeOf({ shape }: Tensor): Size & { readonly layout: TensorLayout } {
    const { channels } = this.model.output;
    const size = pictureSize(shape, channels, this.inputLayout) ?? pictureSize(shape, channels, undefined);
    if (!size) throw notAPictureNetwork(`its result has the shape [${shape.join(', ')}]`);
    return size;
  }
}

/** Some engines refuse a wrong shape already when they compile for it. */
function unlessMemory(error: unknown): undefined {
  if (!isVidstyleError(error) || error.code === 'memory') throw error;
}

function reduced(
  { type, data }: Tensor,
  channels: 1 | 3,
  card: TestCard,
  scale: number,
  layout: TensorLayout,
): Float32Array {
  const halves = type === 'float16' ? halfTable() : undefined;
  const width = card.width * scale;
  const pixels = width * card.height * scale;
  const values = new Float32Array(card.values.length);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const y = Math.floor(pixel / width / scale);
    const x = Math.floor((pixel % width) / scale);
    for (let channel = 0; channel < 3; channel += 1) {
      const plane = channels === 1 ? 0 : channel;
      const at = layout === 'nchw' ? plane * pixels + pixel : pixel * channels + plane;
      const element = data[at] ?? 0;
      const to = (y * card.width + x) * 3 + channel;
      values[to] = (values[to] ?? 0) + (halves ? (halves[element] ?? 0) : element) / (scale * scale);
    }
  }
  return values;
}
