import type * as PlotLibrary from '@observablehq/plot';

/** Observable Plot, which is loaded when the first plot is drawn. */
export type Plot = typeof PlotLibrary;

/** What Plot draws, as far as it is used here: its own type is the browser's, which Node does not know. */
interface DrawnSvg {
  setAttribute(name: string, value: string): void;
  readonly outerHTML: string;
}

/**
 * Moves values apart, upwards, until each is at least `gap` from the next: where labels at the ends of lines go.
 *
 * @returns the places, in the order of `values`
 */
export function spaced(values: readonly number[], gap: number): number[] {
  const places = [...values];
  let lowest = -Infinity;
  for (const { i, value } of values.map((value, i) => ({ i, value })).sort((a, b) => a.value - b.value)) {
    places[i] = Math.max(value, lowest);
    lowest = (places[i] ?? value) + gap;
  }
  return places;
}

/**
 * Draws a plot as a file of SVG: Observable Plot on a document that no browser shows.
 *
 * @param describe the plot, without a legend: that would be HTML around the SVG
 */
export async function drawPlot(describe: (plot: Plot) => PlotLibrary.PlotOptions): Promise<string> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as { document: unknown };
  const draw = plot.plot as (options: PlotLibrary.PlotOptions) => DrawnSvg;
  const defaults = { width: 720, height: 400, marginLeft: 56 };
  const drawn = draw({ ...defaults, ...describe(plot), document: document as never });
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return drawn.outerHTML;
}
