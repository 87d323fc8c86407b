import type { Raster } from '../../metrics/raster.js';
import { SteadyFilter } from '../../pipeline/steady-filter.js';
import { drawPlot } from '../plot.js';
import type { Evaluation } from '../evaluation.js';
import type { Part } from '../part.js';
import { filmShots, readShot, unsteadiness, type Shot } from '../shots.js';
import { mean } from '../spread.js';
import { openStyle, type EvaluatedStyle } from '../styles.js';

/** How steady restyled video is (warping error of Lai et al. 2018), beside how much style there is in it. */
export const steadiness: Part = {
  name: 'steadiness',
  title: 'Steadiness of restyled video',
  write: async (section, evaluation) => {
    const { filmed, clips } = await collect(evaluation);
    const shots = [...filmed, ...clips];
    const names = [...new Set(shots.map(({ name }) => name))];
    const rows = [await measure(evaluation, shots, undefined)];
    for (const style of await evaluation.styles()) {
      evaluation.step(`Steadiness of ${style.label}`);
      rows.push(await measure(evaluation, shots, style), await measure(evaluation, shots, style, true));
    }
    section.text(
      'With and without `--steady`, which holds still what stands still before the network sees it. Warping error × 10⁴ (mean ' +
        'squared difference, on the 0..1 scale, between a frame and the next one brought back to it along the motion of the original; lower is steadier), and the objective ÷ 10⁶ of the last frames, so that steadiness that is bought by ' +
        'blandness shows. “Unprocessed” is the original itself: what interpolation and noise alone make.',
    );
    section.text(
      `Still, pan, zoom, rotation: a camera over ${filmed.length / 4} photographs, its flow known exactly; the still one is noisy ` +
        '(σ = 4 of 255). Real clips: flow by TV-L1 there and back, without what is occluded or leaves the frame.',
    );
    section.table(
      ['style', ...names, 'objective'],
      rows.map(({ label, errors, objective }) => [
        label,
        ...names.map((name) => ((errors.get(name) ?? NaN) * 1e4).toFixed(1)),
        (objective / 1e6).toFixed(2),
      ]),
    );
    await section.svg('steadiness.svg', 'Warping error over camera moves, and objective', await draw(rows.slice(1))); // prettier-ignore
    await section.csv(
      'steadiness.csv',
      ['style', 'shot', 'warping error', 'objective'],
      rows.flatMap(({ label, errors, objective }) =>
        [...errors].map(([name, error]) => [label, name, error, objective]),
      ),
    );
  },
};

interface Row {
  readonly label: string;
  /** By the shots' names. */
  readonly errors: ReadonlyMap<string, number>;
  readonly objective: number;
}

/** Clips are left out where there are none: the camera over photographs needs no other material. */
async function collect(evaluation: Evaluation): Promise<{ filmed: Shot[]; clips: Shot[] }> {
  const { steadySize: size, steadyFrames: frames } = evaluation.plan;
  const filmed = await Promise.all(
    (await evaluation.photos()).map(({ path }) => filmShots(path, { size, frames })),
  );
  const clips: Shot[] = [];
  for (const clip of await evaluation.clips().catch(() => [])) {
    evaluation.step(`Motion of ${clip}`);
    clips.push(await readShot(clip, { size, frames }));
  }
  return { filmed: filmed.flat(), clips };
}

/** @param style undefined: the shots as they are; `steady`: held still before, as `--steady` does */
async function measure(
  evaluation: Evaluation,
  shots: readonly Shot[],
  style: EvaluatedStyle | undefined,
  steady = false,
): Promise<Row> {
  const meter = await evaluation.meter();
  const errors = new Map<string, number[]>();
  const objectives: number[] = [];
  for (const shot of shots) {
    const seen = steady ? heldStill(shot.frames) : shot.frames;
    const frames = style ? await restyled(seen, style, evaluation.material.threads) : seen;
    errors.set(shot.name, [...(errors.get(shot.name) ?? []), unsteadiness(frames, shot)]);
    // Of the last frame: the first one is held by none before it.
    const [result, original] = [frames.at(-1), shot.frames.at(-1)];
    if (result && original)
      objectives.push(await meter.of(result, original, style ?? (await evaluation.firstStyle())));
  }
  const means = [...errors].map(([name, values]): [string, number] => [name, mean(values)]);
  const label = `${style?.label ?? 'unprocessed'}${steady ? ', steady' : ''}`;
  return { label, errors: new Map(means), objective: mean(objectives) };
}

function heldStill(frames: readonly Raster<Uint8Array>[]): Raster<Uint8Array>[] {
  const [{ width, height } = { width: 0, height: 0 }] = frames;
  const filter = new SteadyFilter({ width, height, format: 'rgb8' });
  return frames.map((frame) => {
    const data = frame.data.slice();
    filter.apply(data);
    return { ...frame, data };
  });
}

async function restyled(
  frames: readonly Raster<Uint8Array>[],
  style: EvaluatedStyle,
  threads: number | undefined,
): Promise<Raster<Uint8Array>[]> {
  const [first] = frames;
  if (!first) return [];
  const network = await openStyle(style, first, { threads });
  try {
    const results: Raster<Uint8Array>[] = [];
    for (const frame of frames) results.push({ ...(await network.run(frame)), channels: 3 });
    return results;
  } finally {
    await network.close();
  }
}

function draw(rows: readonly Row[]): Promise<string> {
  const moving = ['pan', 'zoom', 'rotation'];
  const points = rows.map(({ label, errors, objective }) => ({
    label,
    objective: objective / 1e6,
    error: 1e4 * mean(moving.map((name) => errors.get(name) ?? NaN)),
  }));
  return drawPlot((plot) => ({
    marginRight: 100,
    grid: true,
    x: { label: 'warping error × 10⁴ (mean of pan, zoom, rotation)', zero: true },
    y: { label: 'objective ÷ 10⁶', zero: true },
    marks: [
      plot.dot(points, { x: 'error', y: 'objective', fill: 'currentColor' }),
      plot.text(points, { x: 'error', y: 'objective', text: 'label', textAnchor: 'start', dx: 6 }),
    ],
  }));
}
