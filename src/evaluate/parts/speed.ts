import { comparedEngines } from '../compared-engines.js';
import { initialWeights } from '../../nets/weights.js';
import { paperStyleDefaults, paperStyleNet } from '../../nets/style.js';
import { encodePreset } from '../../training/export.js';
import { middleSquare, type Evaluation } from '../evaluation.js';
import type { GatysRun } from '../objective-meter.js';
import type { Part } from '../part.js';
import { publishedSpeed } from '../published.js';
import type { Cell, Section } from '../section.js';
import { median, spread } from '../spread.js';
import { openStyle } from '../styles.js';

/** Iterations that the paper's table gives times for. */
const counts = [100, 300, 500];

/** Johnson et al. 2016, table 1: one forward pass against optimising the picture. */
export const speed: Part = {
  name: 'speed',
  title: 'Speed against optimising the picture',
  write: async (section, evaluation) => {
    const measured: Measured[] = [];
    for (const size of evaluation.plan.sizes) measured.push(await measure(evaluation, size));
    const ran = measured.map(({ size, gatys }) => `${gatys.seconds.length} at ${size}²`).join(', ');
    section.text(
      'One forward pass (picture in memory to picture in memory) against Gatys’ method (L-BFGS from noise, on TensorFlow): same ' +
        'machine, same run; medians with their range. “The paper’s” is its architecture with instance normalisation, untrained: ' +
        'the time does not depend on the weights. The paper reports three orders of magnitude, on a GPU for both.',
    );
    section.text(
      `Iterations that were run: ${ran}. **≈ marks what was not run, but extrapolated from the seconds per iteration of those that were.**`,
    );
    section.table(
      ['size', 'Gatys, s an iteration', ...counts.map((count) => `${count} iterations, s`)],
      measured.map(({ size, gatys }) => [
        `${size}²`,
        spread(secondsEach(gatys), 2),
        ...counts.map((count) => approximate(secondsOf(gatys, count), 1)),
      ]),
    );
    section.table(
      ['size', 'network', 'on', 'ms', ...counts.map((count) => `Gatys ${count} ÷ network`)],
      measured.flatMap(({ size, gatys, networks }) =>
        networks.map(({ name, engine, ms }) => [
          `${size}²`,
          name,
          engine,
          spread(ms),
          ...counts.map((count) => {
            const { seconds, isMeasured } = secondsOf(gatys, count);
            return approximate({ seconds: (1000 * seconds) / median(ms), isMeasured }, 0);
          }),
        ]),
      ),
    );
    const published = measured.flatMap(({ size }) => publishedRow(size));
    if (published.length > 0) {
      section.text('As published (Johnson et al. 2016, table 1), on a Titan X:');
      section.table(['size', 'ms', ...counts.map((count) => `Gatys ${count} ÷ network`)], published);
    }
    await writeCsv(section, measured);
  },
};

function publishedRow(size: number): Cell[][] {
  const published = publishedSpeed.get(size);
  if (!published) return [];
  return [[`${size}²`, (1000 * published.seconds).toFixed(0), ...published.ratios]];
}

/** Seconds that `count` iterations took, or would have taken at the mean pace of those that were run. */
export function secondsOf({ seconds }: GatysRun, count: number): Seconds {
  const measured = seconds[count - 1];
  if (measured !== undefined) return { seconds: measured, isMeasured: true };
  return { seconds: ((seconds.at(-1) ?? NaN) / seconds.length) * count, isMeasured: false };
}

interface Seconds {
  readonly seconds: number;
  readonly isMeasured: boolean;
}

function approximate({ seconds, isMeasured }: Seconds, digits: number): string {
  return `${isMeasured ? '' : '≈ '}${seconds.toFixed(digits)}`;
}

function secondsEach({ seconds }: GatysRun): number[] {
  return seconds.map((at, i) => at - (seconds[i - 1] ?? 0));
}

interface Measured {
  readonly size: number;
  readonly gatys: GatysRun;
  readonly networks: readonly Timed[];
}

interface Timed {
  readonly name: string;
  readonly engine: string;
  readonly ms: number[];
}

/** Gatys' method, then the networks, which take turns. */
async function measure(evaluation: Evaluation, size: number): Promise<Measured> {
  const { plan, material } = evaluation;
  const photo = await evaluation.firstPhoto();
  const gatys = await evaluation.gatys(photo, size);
  evaluation.step(`Networks at ${size}²`);
  const style = await evaluation.firstStyle();
  const square = await middleSquare(photo.path, size);
  const engines = await comparedEngines();
  const candidates = [
    { ...style, name: style.label },
    { model: paperNetwork(), name: 'the paper’s' },
  ];
  const open = await Promise.all(
    candidates.flatMap((candidate) =>
      engines.map(async (engine) => {
        const network = await openStyle(candidate, square, { engine, threads: material.threads });
        return { network, timed: { name: candidate.name, engine: network.description, ms: [] as number[] } };
      }),
    ),
  );
  try {
    for (let round = -1; round < plan.rounds; round += 1) {
      for (const { network, timed } of open) {
        const startedMs = performance.now();
        await network.run(square);
        if (round >= 0) timed.ms.push(performance.now() - startedMs); // the first run allocates
      }
    }
    return { size, gatys, networks: open.map(({ timed }) => timed) };
  } finally {
    await Promise.all(open.map(({ network }) => network.close()));
  }
}

function paperNetwork(): Uint8Array {
  const options = { ...paperStyleDefaults, norm: 'instance' } as const;
  const network = { family: 'paper-style', options };
  const weights = initialWeights(paperStyleNet(options), 1);
  return encodePreset(weights, { kind: 'style', name: 'paper', network, recipe: {}, losses: {} });
}

function writeCsv(section: Section, measured: readonly Measured[]): Promise<void> {
  const rows = measured.flatMap(({ size, gatys, networks }): Cell[][] => [
    ...secondsEach(gatys).map((seconds) => [size, 'Gatys, one iteration', 'TensorFlow', 1000 * seconds]),
    ...networks.flatMap(({ name, engine, ms }) => ms.map((value) => [size, name, engine, value])),
  ]);
  return section.csv('speed.csv', ['size', 'what', 'on', 'ms'], rows);
}
