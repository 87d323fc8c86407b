import type { Readable } from 'node:stream';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { VidstyleError } from '../errors.js';
import { KeptCopy } from './kept-copy.js';
import { askS3 } from './s3-client.js';
import { scratchFile, scratchRoot } from './scratch.js';
import { requireInside, type LocalCopy, type Store, type StoredFile } from './store.js';

/**
 * A bucket, or what lies in it below a prefix: `s3://bucket/prefix`.
 * @throws VidstyleError `usage` for an address of another form
 */
export function openS3Store(address: string): S3Store {
  const [, bucket, path = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/*$/.exec(address) ?? [];
  if (bucket === undefined) throw new VidstyleError('usage', `"${address}": give s3://bucket/prefix.`);
  return new S3Store(bucket, path === '' ? '' : requireInside(path));
}

/** Objects in S3, or a store that speaks its language, as files. */
export class S3Store implements Store {
  readonly location: string;
  private readonly root: string;

  constructor(
    private readonly bucket: string,
    prefix: string,
  ) {
    this.location = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.root = prefix === '' ? '' : `${prefix}/`;
  }

  get workFolder(): string {
    return scratchRoot();
  }

  async *list(prefix = ''): AsyncGenerator<StoredFile> {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const below = prefix === '' ? this.root : `${this.key(prefix)}/`;
    let next: string | undefined;
    do {
      const page = await this.ask((client) =>
        client.send(
          new ListObjectsV2Command({ Bucket: this.bucket, Prefix: below, ContinuationToken: next }),
        ),
      );
      for (const { Key = '', Size, ETag, LastModified } of page?.Contents ?? []) {
        const inFolder = Key.slice(below.length).split('/').slice(0, -1);
        const path = Key.slice(this.root.length);
        // Browsers of buckets make empty objects for folders; what is no path for files is left out as well.
        if (inFolder.some((name) => name.startsWith('.')) || !isPath(path)) continue;
        yield describe(path, { bytes: Size, tag: ETag, modified: LastModified });
      }
      next = page?.NextContinuationToken;
    } while (next !== undefined);
  }

  async stat(path: string): Promise<StoredFile | undefined> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    const object = { Bucket: this.bucket, Key: this.key(path) };
    const head = await this.ask((client) => client.send(new HeadObjectCommand(object)));
    if (!head) return undefined;
    return describe(path, { bytes: head.ContentLength, tag: head.ETag, modified: head.LastModified });
  }

  /** Brings the object to this machine; the one that was given back last is still there for the next task. */
  async open(path: string, signal?: AbortSignal): Promise<LocalCopy> {
    const file = await this.stat(path);
    if (!file) throw new VidstyleError('input', `There is no file "${path}" in ${this.location}.`);
    return lastCopy.take(`${this.location}\n${path}\n${file.stamp}`, () => this.download(file, signal));
  }

  temporary(path: string): Promise<string> {
    return scratchFile(path);
  }

  async publish(localPath: string, path: string, signal?: AbortSignal): Promise<StoredFile> {
    const { Upload } = await import('@aws-sdk/lib-storage');
    const { size } = await stat(localPath);
    const params = { Bucket: this.bucket, Key: this.key(path), Body: createReadStream(localPath) };
    await this.ask(async (client) => {
      const upload = new Upload({ client, params, partSize: Math.max(8 << 20, Math.ceil(size / 9000)) });
      const abort = (): void => void upload.abort();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        signal?.throwIfAborted();
        await upload.done();
      } finally {
        signal?.removeEventListener('abort', abort);
        params.Body.destroy();
      }
    }, signal);
    const found = await this.stat(path);
    if (found?.bytes !== size)
      throw new VidstyleError('output', `"${path}" could not be written to ${this.location}.`);
    await rm(localPath, { force: true });
    return found;
  }

  async readText(path: string): Promise<string | undefined> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const object = { Bucket: this.bucket, Key: this.key(path) };
    return this.ask(async (client) =>
      (await client.send(new GetObjectCommand(object))).Body?.transformToString(),
    );
  }

  async writeText(path: string, text: string): Promise<void> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    const object = { Bucket: this.bucket, Key: this.key(path), Body: text };
    await this.ask((client) => client.send(new PutObjectCommand(object)));
  }

  async createText(path: string, text: string): Promise<boolean> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    // Not every store knows the condition.
    if (await this.stat(path)) return false;
    const object = { Bucket: this.bucket, Key: this.key(path), Body: text, IfNoneMatch: '*' };
    return this.ask((client) =>
      client.send(new PutObjectCommand(object)).then(
        () => true,
        (error: unknown) => {
          if (['PreconditionFailed', 'ConditionalRequestConflict'].includes((error as Error).name))
            return false;
          throw error;
        },
      ),
    ).then((created) => created === true);
  }

  async remove(path: string): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const keys = [this.key(path)];
    for await (const file of this.list(path)) keys.push(this.key(file.path));
    const limit = pLimit(16);
    const removals = keys.map((Key) =>
      limit(() => this.ask((client) => client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key })))),
    );
    await Promise.all(removals);
  }

  freeBytes(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): void {
    // The client is the process's.
  }

  private async download(file: StoredFile, signal?: AbortSignal): Promise<string> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const local = await scratchFile(file.path);
    const object = { Bucket: this.bucket, Key: this.key(file.path), IfMatch: tagOf(file) };
    try {
      await this.ask(async (client) => {
        const { Body } = await client.send(new GetObjectCommand(object), signal && { abortSignal: signal });
        await pipeline(Body as Readable, createWriteStream(local), { signal });
      }, signal);
      const { size } = await stat(local);
      if (size === file.bytes) return local;
      throw new VidstyleError('engine', `"${file.path}" came from ${this.location} with ${size} of ${file.bytes} bytes.`); // prettier-ignore
    } catch (error) {
      await rm(local, { force: true });
      throw error;
    }
  }

  private key(path: string): string {
    return `${this.root}${requireInside(path)}`;
  }

  private ask<T>(ask: Parameters<typeof askS3<T>>[1], signal?: AbortSignal): Promise<T | undefined> {
    return askS3(this.location, ask, signal);
  }
}

// A file's segments come one after the other, each needing the whole file.
const lastCopy = new KeptCopy();

/** S3's tag changes with the contents, and only then or when it was uploaded in other parts. */
function describe(
  path: string,
  {
    bytes = 0,
    tag = '',
    modified,
  }: { bytes: number | undefined; tag: string | undefined; modified: Date | undefined },
): StoredFile {
  return { path, bytes, stamp: `${bytes}-${tag}`, modifiedMs: modified?.getTime() ?? 0 };
}

function tagOf({ stamp }: StoredFile): string {
  return stamp.slice(stamp.indexOf('-') + 1);
}

function isPath(path: string): boolean {
  try {
    return requireInside(path) === path;
  } catch {
    return false;
  }
}
