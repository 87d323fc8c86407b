import { drawPlot, spaced } from '../plot.js';
import { middleOf, middleSquare } from '../evaluation.js';
import type { Part } from '../part.js';
import type { NamedPicture } from '../section.js';
import { mean } from '../spread.js';
import type { Pixels } from '../../training/photos.js';
import { openStyle, type EvaluatedStyle } from '../styles.js';

/** Johnson et al. 2016, section 4.1: networks trained on small pictures are applied to larger ones. */
export const transfer: Part = {
  name: 'transfer',
  title: 'Other sizes than the training’s',
  write: async (section, evaluation) => {
    const { transferSizes: sizes } = evaluation.plan;
    const [styles, photos, meter] = [
      await evaluation.styles(),
      await evaluation.photos(),
      await evaluation.meter(),
    ];
    const results: Result[] = [];
    const pictures: NamedPicture[] = [];
    for (const style of styles)
      for (const size of sizes) {
        evaluation.step(`Objective of ${style.label} at ${size}²`);
        const objectives: number[] = [];
        for (const { path } of photos) {
          const square = await middleSquare(path, size);
          const network = await openStyle(style, square, { threads: evaluation.material.threads });
          const restyled = await network.run(square).finally(() => network.close());
          objectives.push(await meter.of(restyled, square, style));
          if (style === styles[0] && path === photos[0]?.path) pictures.push(...views(restyled, size));
        }
        results.push({ style, size, objective: mean(objectives) });
      }
    const trained = [
      ...new Set(styles.map(({ trainedAt }) => trainedAt).filter((size) => size !== undefined)),
    ];
    section.text(
      `The objective (÷ 10⁶, mean over ${photos.length} photographs) at sizes ${sizes.join(', ')} of networks trained at ` +
        `${trained.length > 0 ? trained.map((size) => `${size}²`).join(' and ') : 'a size that their files do not say'}. ` +
        'Its terms are divided by the number of pixels, so it can be compared between sizes. Photographs smaller than the size are enlarged.',
    );
    section.table(
      ['style', ...sizes.map((size) => `${size}²`)],
      styles.map((style) => [
        style.label,
        ...sizes.map((size) => (find(results, style, size) / 1e6).toFixed(2)),
      ]),
    );
    await section.svg('transfer.svg', 'Objective by size', await draw(results));
    section.text(
      `Style ${styles[0]?.label ?? ''} on ${photos[0]?.name ?? ''}: the whole picture, and the middle of it pixel by pixel.`,
    );
    await section.pictures(pictures);
    await section.csv('transfer.csv', ['style', 'size', 'objective'], results.map(({ style, size, objective }) => [style.label, size, objective])); // prettier-ignore
  },
};

interface Result {
  readonly style: EvaluatedStyle;
  readonly size: number;
  readonly objective: number;
}

function find(results: readonly Result[], style: EvaluatedStyle, size: number): number {
  return results.find((each) => each.style === style && each.size === size)?.objective ?? NaN;
}

/** The whole picture, to be reduced, and its middle as it is. */
function views(picture: Pixels, size: number): NamedPicture[] {
  return [
    { file: `${size}.jpg`, caption: `${size}²`, picture },
    { file: `${size}-middle.jpg`, caption: `middle of ${size}²`, picture: middleOf(picture, 256) },
  ];
}

function draw(results: readonly Result[]): Promise<string> {
  const points = results.map(({ style, size, objective }) => ({
    style: style.label,
    size,
    objective: objective / 1e6,
  }));
  const sizes = [...new Set(points.map(({ size }) => size))];
  const ends = points.filter(({ size }) => size === Math.max(...sizes));
  const highest = Math.max(...points.map(({ objective }) => objective));
  const places = spaced(ends.map(({ objective }) => objective), highest / 28); // prettier-ignore
  const labels = ends.map((end, i) => ({ ...end, objective: places[i] }));
  return drawPlot((plot) => ({
    marginRight: 120,
    grid: true,
    x: { type: 'log', label: 'pixels a side', ticks: sizes, tickFormat: 'd' },
    y: { label: 'objective ÷ 10⁶', zero: true },
    marks: [
      plot.line(points, { x: 'size', y: 'objective', z: 'style', stroke: 'style', marker: true }),
      plot.text(labels, {
        x: 'size',
        y: 'objective',
        text: 'style',
        fill: 'style',
        textAnchor: 'start',
        dx: 8,
      }),
    ],
  }));
}
