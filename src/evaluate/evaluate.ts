import { mkdir } from 'node:fs/promises';
import { isVidstyleError, VidstyleError } from '../errors.js';
import { Evaluation, type EvaluationMaterial } from './evaluation.js';
import { describeMachine } from './machine.js';
import type { Part } from './part.js';
import { parts } from './parts/index.js';
import { choosePlan, type PlanChanges } from './plan.js';
import { keepPart, writeReport } from './report.js';
import { escaped, Section } from './section.js';

export interface EvaluateOptions extends EvaluationMaterial {
  /** Folder of the report; parts that it holds and that are not made now stay in it. */
  readonly out: string;
  /** Names of parts; default all. */
  readonly only?: readonly string[] | undefined;
  /** Minutes instead of hours; default false. */
  readonly quick?: boolean | undefined;
  /** What to measure otherwise than planned. */
  readonly plan?: PlanChanges | undefined;
  /** The command that the report names as its origin. */
  readonly command: string;
}

export interface EvaluateResult {
  /** `report.md` and `report.html`. */
  readonly files: readonly string[];
  /** Parts that could not be made, with the reason, which their place in the report gives too. */
  readonly failed: readonly { readonly part: string; readonly reason: string }[];
}

/** Names of the report's parts, in its order. */
export const partNames: readonly string[] = parts.map(({ name }) => name);

/**
 * Measures what the paper shows, and what a buyer asks, on the user's material, and writes one report. It is written anew after
 * every part, so that an interrupted run leaves what it had.
 *
 * @throws VidstyleError `usage` for an unknown part; `output` if the folder cannot be written; `aborted`
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluateResult> {
  const chosen = chooseParts(options.only);
  const evaluation = new Evaluation(options, choosePlan(options.quick ?? false, options.plan ?? {}));
  await mkdir(options.out, { recursive: true }).catch((cause: unknown) => {
    throw new VidstyleError('output', `The folder "${options.out}" cannot be written.`, { cause });
  });
  const failed: { part: string; reason: string }[] = [];
  const machine = await describeMachine();
  try {
    let files: string[] = [];
    for (const part of chosen) {
      const reason = await make(part, evaluation, options, machine);
      if (reason !== undefined) failed.push({ part: part.name, reason });
      files = await writeReport(options.out, parts);
    }
    return { files, failed };
  } finally {
    await evaluation.close();
  }
}

/** @returns why the part could not be made */
async function make(
  part: Part,
  evaluation: Evaluation,
  { out, command }: EvaluateOptions,
  machine: string,
): Promise<string | undefined> {
  evaluation.step(part.title);
  const [startedMs, date] = [performance.now(), new Date().toISOString().slice(0, 16).replace('T', ' ')];
  const section = await Section.begin(out, part.name);
  const reason = await part.write(section, evaluation).then(
    () => undefined,
    (error: unknown) => {
      if (isVidstyleError(error) && error.code !== 'aborted') return error.message;
      throw error;
    },
  );
  if (reason !== undefined) section.text(`Not measured: ${escaped(reason)}`);
  const seconds = (performance.now() - startedMs) / 1000;
  await keepPart(out, part, section.markdown(), { command, machine, date, seconds });
  return reason;
}

function chooseParts(names: readonly string[] | undefined): readonly Part[] {
  const unknown = names?.find((name) => !partNames.includes(name));
  if (unknown === undefined) return names ? parts.filter(({ name }) => names.includes(name)) : parts;
  throw new VidstyleError('usage', `The report has no part "${unknown}"; it has ${partNames.join(', ')}.`);
}
