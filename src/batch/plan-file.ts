import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { VidstyleError } from '../errors.js';
import type { PlannedFile } from './plan.js';
import type { Spec } from './spec.js';
import { stateFolder, type Store } from './store.js';

const schema = z.object({
  archive: z.string(),
  startedAt: z.string(),
  files: z.array(z.object({ path: z.string(), bytes: z.number(), output: z.string() })),
});

/** What the last batch into a folder of results set out to do. */
export type PlanFile = z.infer<typeof schema>;

const planPath = `${stateFolder}/plan.json`;
const cancelPath = `${stateFolder}/cancel`;

/** Remembers the plan for `batch status`; takes an old wish to cancel away. */
export async function writePlan(
  out: Store,
  plan: { readonly archive: string; readonly spec: Spec; readonly files: readonly PlannedFile[] },
): Promise<void> {
  const files = plan.files.map(({ path, bytes, output }) => ({ path, bytes, output }));
  await out.remove(cancelPath);
  const { archive, spec } = plan;
  await out.writeText(
    planPath,
    JSON.stringify({ archive, spec, startedAt: new Date().toISOString(), files }),
  );
}

/** @throws VidstyleError `usage` where no batch has put results */
export async function readPlan(out: Store): Promise<PlanFile> {
  const text = await out.readText(planPath);
  if (text === undefined)
    throw new VidstyleError('usage', `No batch has put results into "${out.location}".`);
  return schema.parse(JSON.parse(text));
}

/** Asks the batch at work to end. */
export async function askToCancel(out: Store): Promise<void> {
  await out.writeText(cancelPath, '');
}

/** A signal that aborts when somebody asks the batch to end. */
export function watchForCancel(out: Store): { readonly signal: AbortSignal; readonly stop: () => void } {
  const cancelled = new AbortController();
  const stopped = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await delay(1000, undefined, { signal: stopped.signal, ref: false });
      if ((await out.stat(cancelPath)) === undefined) continue;
      cancelled.abort(new Error('cancelled'));
      return;
    }
  };
  watch().catch(() => undefined);
  return { signal: cancelled.signal, stop: () => stopped.abort() };
}
