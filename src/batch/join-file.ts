import { VidstyleError } from '../errors.js';
import { joinSegments, verifyOutput } from '../media/index.js';
import { segmentPath, type Manifest } from './journal.js';
import type { Opened } from './perform.js';
import type { LocalCopy } from './store.js';

/** Joins a file's segments into a local file, and compares it with the source if the spec asks for it. */
export async function joinFile(
  { task, context, journal, out, copy }: Opened,
  manifest: Manifest,
  local: string,
): Promise<{ readonly frames: number; readonly notices: string[] }> {
  const { signal } = context;
  const { size, acceptTruncated, verify } = task.spec;
  const notices = new Set<string>();
  const copies: LocalCopy[] = [];
  try {
    let expected = 0;
    for (const index of manifest.segments.keys()) {
      const record = await journal.segment(task.path, manifest, index);
      if (!record) throw new VidstyleError('worker', `Segment ${index} of "${task.path}" is not there.`);
      expected += record.frames;
      record.notices.forEach((notice) => notices.add(notice));
      copies.push(await out.open(segmentPath(task.path, index, manifest.ending), signal));
    }
    const segments = copies.map(({ path }, index) => ({
      path,
      startTicks: BigInt(manifest.segments[index]?.startTicks ?? 0),
    }));
    const input = (await copy()).path;
    const frames = await joinSegments(input, segments, BigInt(manifest.endTicks), local, {
      ...{ size, acceptTruncated, signal },
      onNotice: (notice) => notices.add(notice),
    });
    if (frames !== expected)
      throw new VidstyleError('output', `"${task.output}" would have ${frames} frames, not ${expected}.`);
    if (verify) await requireEqual(input, local, { size, signal });
    return { frames, notices: [...notices] };
  } finally {
    await Promise.all(copies.map((each) => each.release()));
  }
}

async function requireEqual(
  input: string,
  output: string,
  { size, signal }: Pick<NonNullable<Parameters<typeof verifyOutput>[2]>, 'size' | 'signal'>,
): Promise<void> {
  const rows = await verifyOutput(input, output, { size, signal });
  const wrong = rows.filter(({ ok, property }) => !ok && property !== 'frame size');
  if (wrong.length === 0) return;
  const named = wrong.map(({ property }) => property).join(', ');
  throw new VidstyleError('verify', `The output differs from the input in: ${named}.`);
}
