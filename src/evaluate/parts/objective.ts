import { drawPlot } from '../plot.js';
import { middleSquare, type Evaluation } from '../evaluation.js';
import type { Part } from '../part.js';
import type { Cell } from '../section.js';
import { openStyle } from '../styles.js';

/** Johnson et al. 2016, figure 5: the objective that one forward pass reaches against that of the optimisation. */
export const objective: Part = {
  name: 'objective',
  title: 'Objective against iterations',
  write: async (section, evaluation) => {
    const style = await evaluation.firstStyle();
    const curves: Curve[] = [];
    for (const size of evaluation.plan.sizes)
      for (const photo of await evaluation.photos()) {
        evaluation.step(`Objective at ${size}², ${photo.name}`);
        curves.push(await measure(evaluation, photo, size));
      }
    section.text(
      `The objective (÷ 10⁶; lower is better) of what the network makes of photographs that it was not trained on, and of Gatys’ ` +
        `method (L-BFGS from noise) after each iteration, with the same weights, those that the network was trained on. ` +
        `Style: ${style.label}. The last column is the first iteration at which Gatys’ method is at or below the network.`,
    );
    section.table(
      ['size', 'photo', 'photo itself', 'network', 'Gatys', 'after iterations', 'passes the network at'],
      curves.map(({ size, photo, itself, network, gatys }) => [
        `${size}²`,
        photo,
        millions(itself),
        millions(network),
        millions(gatys.at(-1) ?? NaN),
        gatys.length,
        crossing(gatys, network) ?? `not within ${gatys.length}`,
      ]),
    );
    await section.svg('objective.svg', 'Objective of Gatys’ method by iteration, the network’s as a line across', await draw(curves)); // prettier-ignore
    await section.csv(
      'objective.csv',
      ['size', 'photo', 'style', 'iteration', 'Gatys', 'network'],
      curves.flatMap(({ size, photo, network, gatys }) =>
        gatys.map((value, i): Cell[] => [size, photo, style.label, i + 1, value, network]),
      ),
    );
  },
};

/** The first iteration (from 1) whose objective is at or below the network's; undefined if none is. */
export function crossing(objectives: readonly number[], network: number): number | undefined {
  const index = objectives.findIndex((value) => value <= network);
  return index < 0 ? undefined : index + 1;
}

interface Curve {
  readonly size: number;
  readonly photo: string;
  /** Of the photograph itself, as if nothing had been done. */
  readonly itself: number;
  readonly network: number;
  readonly gatys: readonly number[];
}

async function measure(
  evaluation: Evaluation,
  photo: { readonly name: string; readonly path: string },
  size: number,
): Promise<Curve> {
  const [meter, style] = [await evaluation.meter(), await evaluation.firstStyle()];
  const square = await middleSquare(photo.path, size);
  const network = await openStyle(style, square, { threads: evaluation.material.threads });
  const restyled = await network.run(square).finally(() => network.close());
  return {
    size,
    photo: photo.name,
    itself: await meter.of(square, square, style),
    network: await meter.of(restyled, square, style),
    gatys: (await evaluation.gatys(photo, size)).objectives,
  };
}

const millions = (value: number): string => (value / 1e6).toFixed(2);

function draw(curves: readonly Curve[]): Promise<string> {
  const points = curves.flatMap(({ size, photo, gatys }) =>
    gatys.map((value, i) => ({ size: `${size}²`, photo, iteration: i + 1, objective: value })),
  );
  const networks = curves.map(({ size, photo, network, gatys }) => ({ size: `${size}²`, photo, objective: network, iteration: gatys.length })); // prettier-ignore
  return drawPlot((plot) => ({
    height: 320,
    grid: true,
    x: { type: 'log', label: 'iteration' },
    y: { type: 'log', label: 'objective' },
    fx: { label: null, domain: [...new Set(points.map(({ size }) => size))] },
    marks: [
      plot.frame({ stroke: '#ddd' }),
      plot.line(points, { x: 'iteration', y: 'objective', fx: 'size', z: 'photo', stroke: 'photo' }),
      plot.ruleY(networks, { y: 'objective', fx: 'size', stroke: 'photo', strokeDasharray: '5 3' }),
      plot.text(networks, {
        x: 'iteration',
        y: 'objective',
        fx: 'size',
        text: () => 'network',
        textAnchor: 'end',
        dy: -6,
      }),
    ],
  }));
}
