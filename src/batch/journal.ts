import { createHash } from 'node:crypto';
import { z } from 'zod';
import { stateFolder, type Store, type StoredFile } from './store.js';

const ticks = z.string().regex(/^-?\d+$/);

const recordSchema = z.object({
  path: z.string(),
  output: z.string(),
  status: z.enum(['done', 'failed']),
  /** The source as it was: its stamp, and the SHA-256 of its contents. */
  stamp: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  spec: z.string(),
  /** The output as it was written. */
  outputStamp: z.string().optional(),
  frames: z.number().optional(),
  segments: z.number().optional(),
  notices: z.array(z.string()).optional(),
  /** Why it failed. */
  reason: z.object({ code: z.string(), message: z.string() }).optional(),
  finishedAt: z.string(),
});

/** How a file ended. */
export type FileRecord = z.infer<typeof recordSchema>;

const manifestSchema = z.object({
  version: z.string(),
  spec: z.string(),
  stamp: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  codec: z.string(),
  ending: z.enum(['.mp4', '.mov']),
  endTicks: ticks,
  segments: z.array(
    z.object({
      startTicks: ticks,
      endTicks: ticks.optional(),
      seekTicks: ticks.optional(),
      frames: z.number(),
    }),
  ),
});

/** How a long file is cut; all its segments go by this one description. */
export type Manifest = z.infer<typeof manifestSchema>;

const segmentSchema = z.object({ frames: z.number(), bytes: z.number(), notices: z.array(z.string()) });

/** A segment that is done and durable. */
export type SegmentRecord = z.infer<typeof segmentSchema>;

/**
 * What a batch remembers, beside its results: one small file for everything that is done, written whole or not at all. No
 * process ever appends to another's file, so any number of machines may share it, and nothing can be half-written.
 */
export class Journal {
  constructor(private readonly store: Store) {}

  async record(path: string): Promise<FileRecord | undefined> {
    return parse(recordSchema, await this.store.readText(recordPath(path)));
  }

  async writeRecord(record: FileRecord): Promise<void> {
    await this.store.writeText(recordPath(record.path), JSON.stringify(record));
  }

  async removeRecord(path: string): Promise<void> {
    await this.store.remove(recordPath(path));
  }

  /** The names of all records' files, for {@link recordPath}: one listing tells what a hundred thousand readings would. */
  async recordFiles(): Promise<Set<string>> {
    const found = new Set<string>();
    for await (const { path } of this.store.list(`${stateFolder}/records`)) found.add(path);
    return found;
  }

  async manifest(path: string): Promise<Manifest | undefined> {
    return parse(manifestSchema, await this.store.readText(`${workFolder(path)}/manifest.json`));
  }

  /** Replaces whatever segments there were. */
  async begin(path: string, manifest: Manifest): Promise<void> {
    await this.store.remove(workFolder(path));
    await this.store.writeText(`${workFolder(path)}/manifest.json`, JSON.stringify(manifest));
  }

  /** The segment's record if it is done and its file is there, whole. */
  async segment(path: string, { ending }: Manifest, index: number): Promise<SegmentRecord | undefined> {
    const record = parse(segmentSchema, await this.store.readText(segmentPath(path, index, '.json')));
    if (!record) return undefined;
    const file = await this.store.stat(segmentPath(path, index, ending));
    return file?.bytes === record.bytes ? record : undefined;
  }

  async finishSegment(
    path: string,
    { ending }: Manifest,
    index: number,
    localPath: string,
    record: Omit<SegmentRecord, 'bytes'>,
    signal?: AbortSignal,
  ): Promise<SegmentRecord> {
    const { bytes } = await this.store.publish(localPath, segmentPath(path, index, ending), signal);
    const whole = { ...record, bytes };
    await this.store.writeText(segmentPath(path, index, '.json'), JSON.stringify(whole));
    return whole;
  }

  /** Forgets a file's segments. */
  async removeWork(path: string): Promise<void> {
    await this.store.remove(workFolder(path));
  }
}

/** Where a finished segment lies. */
export function segmentPath(path: string, index: number, ending: string): string {
  return `${workFolder(path)}/${String(index).padStart(5, '0')}${ending}`;
}

/** A short name for a source's path, the same on every machine. */
export function idOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 32);
}

/** Where a source's record lies. */
export function recordPath(path: string): string {
  const id = idOf(path);
  return `${stateFolder}/records/${id.slice(0, 2)}/${id}.json`;
}

/** Whether a record says that this source, done to this spec, has its output; reads the source only if its stamp is new. */
export async function isDone(
  record: FileRecord | undefined,
  source: StoredFile,
  spec: string,
  store: Store,
  sha256: () => Promise<string>,
): Promise<boolean> {
  if (record?.status !== 'done' || record.spec !== spec || record.bytes !== source.bytes) return false;
  const output = await store.stat(record.output);
  if (!output || output.stamp !== record.outputStamp) return false;
  return record.stamp === source.stamp || record.sha256 === (await sha256());
}

function workFolder(path: string): string {
  return `${stateFolder}/work/${idOf(path)}`;
}

/** A file that is no journal entry counts as none: the work is done again. */
function parse<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
