import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PoolKeeper } from '../../src/jobs/pool-keeper.js';
import { restyle } from '../../src/jobs/restyle.js';
import { makeClip } from '../fixtures/clips.js';
import { fakeEngineUrl, fakeModel } from '../fixtures/fake-engine.js';
import { smallGeometry } from '../fixtures/fake-media.js';
import { makePresets } from '../fixtures/presets.js';

let root: string;
let model: string;
const keeper = new PoolKeeper();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vidstyle-pools-'));
  model = join(root, 'model.onnx');
  await writeFile(model, fakeModel({}));
});

afterEach(() => keeper.close());

/** Takes a pool as a job would; what it has to say goes to `notices`. */
async function take(more: { strength?: number; width?: number } = {}, notices: string[] = []) {
  const { strength, width = smallGeometry.width } = more;
  return keeper.take({
    plan: { model, strength },
    geometry: { ...smallGeometry, width },
    options: { engine: fakeEngineUrl, onNotice: (notice) => notices.push(notice) },
    firstFrames: () => Promise.resolve([]),
  });
}

it('gives the next job the network that the last one gave back, and tells it the same', async () => {
  const told: string[][] = [[], []];
  const first = await take({}, told[0]);
  await keeper.giveBack(first);
  expect(await take({}, told[1])).toBe(first);
  expect(told[1]).toEqual(told[0]);
  expect(told[0]).toHaveLength(1);
  await first.close();
});

it('opens another one where anything differs, the model file included', async () => {
  const first = await take();
  await keeper.giveBack(first);
  const second = await take({ strength: 0.5 });
  expect(second).not.toBe(first);
  await keeper.giveBack(second);
  const third = await take({ width: smallGeometry.width * 2 });
  expect(third.outputGeometry.width).toBe(smallGeometry.width * 2);
  await keeper.giveBack(third);
  await writeFile(model, fakeModel({ scale: 2 }));
  const fourth = await take();
  expect(fourth.outputGeometry.width).toBe(smallGeometry.width * 2);
  expect(fourth).not.toBe(third);
  await fourth.close();
});

it('keeps no network whose job failed', async () => {
  const presets = await makePresets();
  const clip = join(root, 'clip.mp4');
  await makeClip(clip);
  const options = { style: 'mosaic', presets, threads: 1, pools: keeper };
  const whole = await restyle(clip, { ...options, output: join(root, 'a.mp4') }).done;
  const abort = new AbortController();
  const job = restyle(clip, { ...options, output: join(root, 'b.mp4'), signal: abort.signal });
  job.progress.subscribe(() => abort.abort());
  await expect(job.done).rejects.toMatchObject({ code: 'aborted' });
  const again = await restyle(clip, { ...options, output: join(root, 'c.mp4') }).done;
  expect(again).toMatchObject({ frames: whole.frames, engine: whole.engine });
});
