import { expect, it } from '@jest/globals';
import { mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openLocalStore } from '../../src/batch/local-store.js';
import { planFiles, type Order, type PlanOptions } from '../../src/batch/plan.js';

/** Plans an archive of such files: path → bytes; each is an hour younger than the one before. */
async function planned(files: Readonly<Record<string, number>>, options: PlanOptions): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vidstyle-plan-'));
  for (const [at, [path, bytes]] of Object.entries(files).entries()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), Buffer.alloc(bytes));
    await utimes(join(folder, path), at * 3600, at * 3600);
  }
  return (await planFiles(openLocalStore(folder), options)).map(({ output }) => output);
}

const files = { 'b.mp4': 3, 'a/c.mkv': 1, 'a.mov': 2 };

it.each<[Order, readonly string[]]>([
  ['name', ['a.mov', 'a/c.mkv', 'b.mp4']],
  ['smallest', ['a/c.mkv', 'a.mov', 'b.mp4']],
  ['largest', ['b.mp4', 'a.mov', 'a/c.mkv']],
  ['oldest', ['b.mp4', 'a/c.mkv', 'a.mov']],
  ['newest', ['a.mov', 'a/c.mkv', 'b.mp4']],
])('puts files in the order %s, and takes the first ones', async (order, expected) => {
  expect(await planned(files, { order })).toEqual(expected);
  expect(await planned(files, { order, limit: 2 })).toEqual(expected.slice(0, 2));
});

it('gives each source a result of its own', async () => {
  expect(await planned({ 'a.wmv': 1, 'a.mkv': 1 }, {})).toEqual(['a.mkv', 'a.wmv.mkv']);
  await expect(planned({ 'a.wmv': 1, 'a.wmv.mkv': 1 }, {})).rejects.toMatchObject({
    code: 'usage',
    message: '"a.wmv" and "a.wmv.mkv" would both become "a.wmv.mkv".',
  });
});
