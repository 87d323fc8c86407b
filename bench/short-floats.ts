/**
 * What bfloat16 does to each style of a preset in OpenVINO, where the processor has it: the likeness to float32's picture on the
 * test card (which decides for `--precision auto`) and on photographs, in decibels; the objective of both; and the time.
 *
 *     node build/bench/short-floats.js --styles DIR --vgg16 FILE [--preset FILE] PHOTO…
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EngineSession } from '../src/engines/engine.js';
import { engine } from '../src/engines/openvino.js';
import { pictureLikeness } from '../src/engines/picture-difference.js';
import { testCardFrame } from '../src/engines/test-card.js';
import { frameBytes } from '../src/media/index.js';
import { identityStyle, readMetadata } from '../src/nets/metadata.js';
import { presetsFolder } from '../src/paths.js';
import type { Pixels } from '../src/training/photos.js';
import { spread } from '../src/evaluate/spread.js';
import { middleSquare } from '../src/evaluate/evaluation.js';
import { ObjectiveMeter } from '../src/evaluate/objective-meter.js';
import { styleObjectiveDefaults } from '../src/losses/objective.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    styles: { type: 'string' },
    vgg16: { type: 'string' },
    preset: { type: 'string', default: join(presetsFolder, 'fast.onnx') },
  },
});
if (!values.styles || !values.vgg16 || positionals.length === 0)
  throw new Error('usage: short-floats --styles DIR --vgg16 FILE [--preset FILE] PHOTO…');

const size = 256;
const geometry = { width: size, height: size, format: 'rgb8' } as const;
const model = await readFile(values.preset);
const names = readMetadata(model)?.styles ?? [];
const photos = await Promise.all(positionals.map((path) => middleSquare(path, size)));
const objective = await ObjectiveMeter.open(values.vgg16);
const oneHot = (name: string): number[] => names.map((each) => (each === name ? 1 : 0));
const [full, short] = [await open('f32'), await open('bf16')];
const ratios: number[] = [];

console.log(
  'style | likeness on the test card, dB | on photographs, dB | objective ÷ 1e6, float32 → bfloat16',
);
for (const name of names) {
  if (name === identityStyle) continue;
  for (const session of [full, short]) session.setStyle(oneHot(name));
  const card = { width: size, height: size, data: testCardFrame(size, size) };
  const onCard = pictureLikeness((await draw(full, card)).data, (await draw(short, card)).data);
  const target = {
    picture: join(values.styles, `${name}.jpg`),
    pictureSize: 384,
    objective: styleObjectiveDefaults,
  };
  const sums = { likeness: 0, full: 0, short: 0 };
  for (const photo of photos) {
    const [exact, rounded] = [await timed(full, photo), await timed(short, photo)];
    ratios.push(rounded.ms / exact.ms);
    sums.likeness += pictureLikeness(exact.picture.data, rounded.picture.data);
    sums.full += await objective.of(exact.picture, photo, target);
    sums.short += await objective.of(rounded.picture, photo, target);
  }
  const mean = (sum: number, unit = 1): string => (sum / photos.length / unit).toFixed(2);
  console.log([name, onCard.toFixed(1), mean(sums.likeness), `${mean(sums.full, 1e6)} → ${mean(sums.short, 1e6)}`].join(' | ')); // prettier-ignore
}
console.log(`time in bfloat16 ÷ in float32, ${size}²: ${spread(ratios, 2)}`);
await Promise.all([full.close(), short.close()]);

function open(precision: 'f32' | 'bf16'): Promise<EngineSession> {
  return engine.open({ model, geometry, precision, style: oneHot(names[0] ?? '') });
}

async function timed(session: EngineSession, photo: Pixels): Promise<{ picture: Pixels; ms: number }> {
  const startedMs = performance.now();
  const picture = await draw(session, photo);
  return { picture, ms: performance.now() - startedMs };
}

async function draw(session: EngineSession, { data }: Pixels): Promise<Pixels> {
  const frame = new Uint8Array(frameBytes(geometry));
  frame.set(data);
  const result = new Uint8Array(frameBytes(geometry));
  await session.run(frame, result);
  return { width: size, height: size, data: result };
}
