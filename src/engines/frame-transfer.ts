import { VidstyleError } from '../errors.js';
import type { FrameGeometry } from '../media/frames.js';
import { isTiled, type FramePlan, type PlannedAxisTile, type Size } from './frame-plan.js';
import type { ImageModel } from './image-model.js';
import { Packer } from './packer.js';
import { isPlainCopy, samplesOf, type Region, type Samples } from './pixels.js';
import type { Tensor } from './tensor.js';
import { fadeRows, Unpacker } from './unpacker.js';

/** Carries frames into a network and its results out, whole or tile by tile. */
export class FrameTransfer {
  readonly #scale: number;
  readonly #margin: number;
  readonly #channels: number;
  readonly #frame: FrameGeometry;
  readonly #packer: Packer;
  readonly #unpacker: Unpacker;
  readonly #copiesIn: boolean;
  readonly #copiesOut: boolean;

  constructor(model: ImageModel, frame: FrameGeometry) {
    this.#scale = model.scale;
    this.#margin = model.margin;
    this.#channels = model.outputFormat.channels;
    this.#frame = frame;
    this.#packer = new Packer(model.inputFormat, frame.format);
    this.#unpacker = new Unpacker(model.outputFormat, frame.format);
    this.#copiesIn = model.margin === 0 && isPlainCopy(model.inputFormat, frame.format);
    this.#copiesOut = isPlainCopy(model.outputFormat, frame.format);
  }

  /** Whether frames are the network's tensors as they stand: nothing to convert, one piece. */
  isPlain(plan: FramePlan): boolean {
    const { width, height } = this.#frame;
    const isExact = plan.tile.width === width && plan.tile.height === height;
    return isExact && !isTiled(plan) && this.#copiesIn && this.#copiesOut;
  }

  /** @param network turns what is in `image` into its result */
  async run(
    plan: FramePlan,
    inputBytes: Uint8Array,
    outputBytes: Uint8Array,
    image: Tensor,
    network: () => Promise<Tensor>,
  ): Promise<void> {
    const { format } = this.#frame;
    const [input, output] = [samplesOf(inputBytes, format), samplesOf(outputBytes, format)];
    if (isTiled(plan)) await this.#runTiles(plan, input, output, image, network);
    else await this.#runWhole(plan, input, output, image, network);
  }

  async #runWhole(
    { tile }: FramePlan,
    input: Samples,
    output: Samples,
    image: Tensor,
    network: () => Promise<Tensor>,
  ): Promise<void> {
    const { width, height } = this.#frame;
    const isExact = tile.width === width && tile.height === height;
    if (isExact && this.#copiesIn) image.data.set(input);
    else this.#packer.pack(input, width, height, this.#seen(0, 0, tile), image);
    const result = await network();
    if (isExact && this.#copiesOut) output.set(this.#checked(result, tile.width * tile.height).data);
    else this.#unpack(result, 0, tile, output, height * this.#scale);
  }

  async #runTiles(
    { tile, columns, rows }: FramePlan,
    input: Samples,
    output: Samples,
    image: Tensor,
    network: () => Promise<Tensor>,
  ): Promise<void> {
    const { width, height } = this.#frame;
    const rowLength = width * this.#scale * 3;
    // A row of tiles is put together first, then faded over the row above it as a whole.
    const band = this.#createBand(rowLength * tile.height * this.#scale);
    for (const row of rows) {
      for (const column of columns) {
        this.#packer.pack(input, width, height, this.#seen(column.start, row.start, tile), image);
        this.#unpack(await network(), column.start, tile, band, tile.height * this.#scale, column);
      }
      fadeRows(band, output, rowLength, row.start * this.#scale, row.fade);
    }
  }

  /** What the network has to see to give the tile whose corner is at (x, y). */
  #seen(x: number, y: number, { width, height }: Size): Region {
    const margin = this.#margin;
    return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
  }

  #unpack(
    result: Tensor,
    start: number,
    tile: Size,
    into: Samples,
    intoHeight: number,
    column?: PlannedAxisTile,
  ): void {
    const scale = this.#scale;
    const region = { x: start * scale, y: 0, width: tile.width * scale, height: tile.height * scale };
    const { data } = this.#checked(result, tile.width * tile.height);
    this.#unpacker.unpack(data, region, into, this.#frame.width * scale, intoHeight, column?.fade);
  }

  #createBand(length: number): Samples {
    return this.#frame.format === 'rgb8' ? new Uint8Array(length) : new Uint16Array(length);
  }

  #checked(result: Tensor, pixels: number): Tensor {
    const expected = pixels * this.#scale ** 2 * this.#channels;
    if (result.data.length === expected) return result;
    const shape = result.shape.join('×');
    throw new VidstyleError('model', `The model made ${shape} numbers where ${expected} were expected.`);
  }
}
