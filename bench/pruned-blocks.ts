/**
 * What each residual block of the fast preset is worth: the objective (mean of its styles over photographs never trained on)
 * without each block in turn, before any fine-tuning, and the milliseconds that one block takes. `--write FILE` keeps the network
 * without the block that is missed least, for a training to go on from:
 *
 *     node build/bench/pruned-blocks.js --styles DIR [--preset FILE] [--size 256] [--write FILE] PHOTO…
 *     vidstyle train style … --recipe fast --blocks 3 --from FILE
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { middleSquare } from '../src/evaluate/evaluation.js';
import { ObjectiveMeter } from '../src/evaluate/objective-meter.js';
import { mean, spread } from '../src/evaluate/spread.js';
import { findStyles, openStyle } from '../src/evaluate/styles.js';
import { readTrainedNetwork } from '../src/jobs/trained-network.js';
import { readMetadata } from '../src/nets/metadata.js';
import type { WeightArray, Weights } from '../src/nets/weights.js';
import { presetsFolder } from '../src/paths.js';
import { encodePreset } from '../src/training/export.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    styles: { type: 'string' },
    preset: { type: 'string', default: join(presetsFolder, 'fast.onnx') },
    size: { type: 'string', default: '256' },
    write: { type: 'string' },
  },
});
if (values.styles === undefined || positionals.length === 0)
  throw new Error('--styles and photographs are needed');

const { preset } = values;
const original = await readFile(preset);
const metadata = readMetadata(original);
if (metadata?.kind !== 'style') throw new Error(`${preset} is no style network`);
const { spec, weights } = await readTrainedNetwork(preset, 'style');
const blocks = Number(spec.options['blocks'] ?? 4);
const styles = await findStyles(values.styles, { models: [preset] });
const photos = await Promise.all(positionals.map((path) => middleSquare(path, Number(values.size))));
const meter = await ObjectiveMeter.open();

const whole = await objectiveOf(original);
console.log(`${basename(preset)}, ${blocks} blocks, ${styles.length} styles, ${photos.length} photographs: ${millions(whole)}`); // prettier-ignore
const pruned: { readonly model: Uint8Array; readonly objective: number }[] = [];
for (let block = 1; block <= blocks; block += 1) {
  const model = encodePreset(without(block, weights), {
    ...metadata,
    network: { ...spec, options: { ...spec.options, blocks: blocks - 1 } },
  });
  const objective = await objectiveOf(model);
  pruned.push({ model, objective });
  console.log(`without block ${block}: ${millions(objective)}`);
}
const [least] = pruned.sort((a, b) => a.objective - b.objective);
if (least) await time({ whole: original, pruned: least.model });
if (least && values.write !== undefined) await writeFile(values.write, least.model);
meter.close();

/** The weights of the other blocks, counted anew. */
function without(block: number, all: Weights): Weights {
  const renamed = [...all].flatMap(([name, value]): [string, WeightArray][] => {
    const found = /^residual(\d+)(.*)$/.exec(name);
    if (!found) return [[name, value]];
    const number = Number(found[1]);
    if (number === block) return [];
    return [[`residual${number > block ? number - 1 : number}${found[2] ?? ''}`, value]];
  });
  return new Map(renamed);
}

async function objectiveOf(model: Uint8Array): Promise<number> {
  const objectives: number[] = [];
  for (const style of styles)
    for (const photo of photos) {
      const network = await openStyle({ ...style, model }, photo);
      const restyled = await network.run(photo).finally(() => network.close());
      objectives.push(await meter.of(restyled, photo, style));
    }
  return mean(objectives);
}

/** At 640×360, by turns. */
async function time(models: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const size = { width: 640, height: 360 };
  const frame = { ...size, data: new Uint8Array(size.width * size.height * 3).fill(90) };
  const [style] = styles;
  const open = await Promise.all(
    Object.entries(models).map(async ([name, model]) => ({
      ...{ name, ms: [] as number[] },
      network: await openStyle({ model, weights: style?.weights }, size),
    })),
  );
  for (let round = -2; round < 15; round += 1)
    for (const { network, ms } of open) {
      const startedMs = performance.now();
      await network.run(frame);
      if (round >= 0) ms.push(performance.now() - startedMs); // the first runs allocate
    }
  for (const { name, ms } of open) console.log(`${name}: ${spread(ms)} ms at 640×360 (ONNX Runtime)`);
  await Promise.all(open.map(({ network }) => network.close()));
}

function millions(value: number): string {
  return (value / 1e6).toFixed(2);
}
