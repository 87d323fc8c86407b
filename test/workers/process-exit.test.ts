import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const script = `
  const [workers, slots, models] = await Promise.all(
    ['../../src/workers/pool.js', '../../src/workers/frame-slots.js', '../fixtures/own-model.js']
      .map((path) => import(new URL(path, process.argv[1]))),
  );
  const geometry = { width: 640, height: 400, format: 'rgb8' };
  const pool = await workers.WorkerPool.start({ session: { model: models.ownModel([]), geometry, threads: 1 } });
  const frames = new slots.FrameSlots({ count: 1, inputGeometry: geometry, outputGeometry: geometry });
  const slot = await frames.acquire();
  frames.pass(slot, slots.Owner.source, slots.Owner.worker);
  await pool.run(slot, frames.memory, 0);
  pool.run(slot, frames.memory, 1);
  setTimeout(() => process.exit(42), 5);
`;

describe('a process that exits while a network runs', () => {
  it('waits for the native call and exits with its own code', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script, import.meta.url],
      { encoding: 'utf8', timeout: 30_000 },
    );
    expect([status, stderr]).toEqual([42, '']);
  });
});
