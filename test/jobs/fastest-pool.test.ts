import { afterEach, describe, expect, it } from '@jest/globals';
import { startFastest } from '../../src/jobs/fastest-pool.js';
import { smallGeometry } from '../fixtures/fake-media.js';
import { ownModel } from '../fixtures/own-model.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import type { PoolOptions, WorkerPool } from '../../src/workers/pool.js';

const open: WorkerPool[] = [];
const frames = [1, 2].map((value) => new Uint8Array(frameBytes(smallGeometry)).fill(value));

afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

/** A module with an engine that paints its frames grey, after a while. */
function painter(name: string, grey: number, takesMs: number): URL {
  const engine = `{
    name: 'onnxruntime',
    open: async ({ geometry: outputGeometry }) => ({
      outputGeometry,
      description: '${name}',
      notices: ['${name} is in use.'],
      run: async (input, output) => {
        await new Promise((resolve) => setTimeout(resolve, ${takesMs}));
        output.fill(${grey});
      },
      close: async () => undefined,
    }),
  }`;
  return new URL(`data:text/javascript,${encodeURIComponent(`export const engine = ${engine};`)}`);
}

function broken(reason: string): URL {
  const program = `export const engine = { open: () => Promise.reject(new Error('${reason}')) };`;
  return new URL(`data:text/javascript,${encodeURIComponent(program)}`);
}

async function fastest(candidates: readonly URL[], options: Partial<PoolOptions> = {}) {
  const session = { model: new Uint8Array(), geometry: smallGeometry };
  const result = await startFastest({ session, workers: 1, ...options }, candidates, frames);
  open.push(result.pool);
  return result;
}

describe('the fastest engine', () => {
  it('is the one that takes least time, and only what it says is told', async () => {
    const notices: string[] = [];
    const candidates = [painter('slow', 100, 60), painter('fast', 101, 1), painter('slower', 100, 90)];
    const { pool, engine } = await fastest(candidates, { onNotice: (notice) => notices.push(notice) });
    expect(pool.description).toBe('fast');
    expect(engine).toBe(candidates[1]);
    expect(notices).toEqual(['fast is in use.']);
  });

  it('must agree with the first one that works', async () => {
    const candidates = [broken('gone'), painter('right', 100, 60), painter('wrong', 110, 1)];
    expect((await fastest(candidates)).pool.description).toBe('right');
  });

  it('is not needed where all fail: the first one says why', async () => {
    await expect(fastest([broken('no first'), broken('no second')])).rejects.toThrow('no first');
  });

  it('is not sought on after an abort', async () => {
    const abort = new AbortController();
    abort.abort();
    const sought = fastest([painter('any', 1, 1)], { signal: abort.signal });
    await expect(sought).rejects.toMatchObject({ code: 'aborted' });
  });

  it('can be any of those that vidstyle has', async () => {
    const geometry: FrameGeometry = { width: 48, height: 32, format: 'rgb8' };
    const session = { model: ownModel(['one', 'two']), geometry, style: [1, 0] };
    const photo = [makePhotograph(48, 32)];
    const names = ['onnxruntime', 'openvino', 'tfjs'] as const;
    const { pool, engine } = await startFastest({ session, workers: 1 }, names, photo);
    open.push(pool);
    expect(pool.description).toMatch(new RegExp(`^${engine} cpu`));
  });
});
