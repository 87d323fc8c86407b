import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/batch/open-store.js';
import type { Store } from '../../src/batch/store.js';
import { S3Server } from './s3-server.js';

let server: S3Server;
let root: string;

beforeAll(async () => {
  server = await S3Server.start();
  root = await mkdtemp(join(tmpdir(), 'vidstyle-s3-test-'));
  Object.assign(process.env, server.env);
});

afterAll(() => server.stop());

async function put(store: Store, path: string, bytes: Buffer): Promise<void> {
  const local = await store.temporary(path);
  await writeFile(local, bytes);
  expect(await store.publish(local, path)).toMatchObject({ path, bytes: bytes.length });
  expect(existsSync(local)).toBe(false);
}

describe.each([
  ['a folder', () => join(root, 'store')],
  ['S3', () => 's3://archives/store'],
])('%s as a store', (_, location) => {
  it('gives back what was put there, under a stamp that changes with the contents', async () => {
    const store = openStore(location());
    const bytes = randomBytes(9_000_000); // more than one part of an upload
    await put(store, 'a/größe 1.mp4', bytes);
    const copy = await store.open('a/größe 1.mp4');
    expect(bytes.equals(await readFile(copy.path))).toBe(true);
    await copy.release();
    const before = await store.stat('a/größe 1.mp4');
    await put(store, 'a/größe 1.mp4', randomBytes(9_000_000));
    expect((await store.stat('a/größe 1.mp4'))?.stamp).not.toBe(before?.stamp);
    await expect(store.open('nothing.mp4')).rejects.toMatchObject({ code: 'input' });
    expect(await store.stat('nothing.mp4')).toBeUndefined();
  });

  it('lists files with the stamps that they have, and leaves hidden folders out', async () => {
    const store = openStore(`${location()}/list`);
    for (const path of ['b.mp4', 'x/y/c.mp4', '.vidstyle/records/aa/r.json']) await put(store, path, Buffer.from(path)); // prettier-ignore
    const listed = [];
    for await (const file of store.list()) listed.push(file);
    expect(listed.map(({ path }) => path).sort()).toEqual(['b.mp4', 'x/y/c.mp4']);
    for (const file of listed) expect(file).toEqual(await store.stat(file.path));
    const records = [];
    for await (const { path } of store.list('.vidstyle/records')) records.push(path);
    expect(records).toEqual(['.vidstyle/records/aa/r.json']);
  });

  it('reads, writes and removes texts; one that must be new is written once', async () => {
    const store = openStore(`${location()}/texts`);
    expect(await store.readText('a/b.json')).toBeUndefined();
    await store.writeText('a/b.json', 'first');
    await store.writeText('a/b.json', 'second');
    await store.writeText('a/c/d.json', 'third');
    await store.writeText('ab.json', 'fourth');
    expect(await store.readText('a/b.json')).toBe('second');
    expect(await store.createText('lock', 'mine')).toBe(true);
    expect(await store.createText('lock', 'theirs')).toBe(false);
    expect(await store.readText('lock')).toBe('mine');
    await store.remove('a');
    await store.remove('a');
    expect(await store.readText('a/b.json')).toBeUndefined();
    expect(await store.readText('a/c/d.json')).toBeUndefined();
    expect(await store.readText('ab.json')).toBe('fourth');
  });

  it.each(['../up', 'a/../../up', '/etc/passwd', '', 'a//b'])('refuses the path %j', async (path) => {
    await expect(openStore(location()).stat(path)).rejects.toMatchObject({ code: 'usage' });
  });
});

it('writes and removes nothing through links that lead out of a folder', async () => {
  const outside = join(root, 'outside');
  const inside = join(root, 'inside');
  await mkdir(outside);
  await mkdir(inside);
  await writeFile(join(outside, 'theirs'), 'untouched');
  await symlink(outside, join(inside, 'link'));
  await symlink(join(outside, 'theirs'), join(inside, 'file'));
  await symlink(join(outside, 'new'), join(inside, 'dangling'));
  const store = openStore(inside);
  const leadsOut = { code: 'usage', message: expect.stringContaining('leads out') as unknown };
  for (const path of ['link/theirs', 'link/new/deep', 'file']) {
    const local = await store.temporary('x');
    await writeFile(local, 'x');
    await expect(store.publish(local, path)).rejects.toMatchObject(leadsOut);
    await expect(store.writeText(path, 'x')).rejects.toMatchObject(leadsOut);
    await expect(store.createText(path, 'x')).rejects.toMatchObject(leadsOut);
    await expect(store.remove(path)).rejects.toMatchObject(leadsOut);
    await expect(store.open(path)).rejects.toMatchObject(leadsOut);
  }
  await store.writeText('dangling', 'x');
  expect(await readdir(outside)).toEqual(['theirs']);
  expect(await readFile(join(outside, 'theirs'), 'utf8')).toBe('untouched');
});
