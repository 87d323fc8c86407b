import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { describeOpenvino } from '../../src/engines/openvino.js';
import { startPool } from '../../src/jobs/start-pool.js';
import type { FrameGeometry } from '../../src/media/frames.js';
import { WorkerPool } from '../../src/workers/pool.js';
import { ownModel } from '../fixtures/own-model.js';
import { photographFrame } from '../fixtures/photograph.js';

const { VIDSTYLE_CACHE: usualCache } = process.env;
const geometry: FrameGeometry = { width: 64, height: 48, format: 'rgb8' };
const started = jest.spyOn(WorkerPool, 'start');
let root = '';
let openvino = '';
let decoded = 0;

beforeAll(async () => {
  openvino = dirname((await describeOpenvino()).file);
  root = await mkdtemp(join(tmpdir(), 'vidstyle-auto-'));
  await writeFile(join(root, 'one.onnx'), ownModel([]));
  await writeFile(join(root, 'two.onnx'), ownModel(['a', 'b']));
});

beforeEach(async () => {
  // Nothing was measured yet; TensorFlow is not there either.
  process.env['VIDSTYLE_CACHE'] = await mkdtemp(join(tmpdir(), 'vidstyle-auto-'));
});

afterAll(() => {
  delete process.env['VIDSTYLE_CACHE'];
  Object.assign(process.env, usualCache !== undefined && { VIDSTYLE_CACHE: usualCache });
});

/** @returns the engines that were started, the one that stayed last */
async function enginesOf(changes: { geometry?: FrameGeometry; openvino?: string; model?: string } = {}) {
  started.mockClear();
  decoded = 0;
  const request = { geometry, openvino, model: 'one.onnx', ...changes };
  const pool = await startPool({
    plan: { model: join(root, request.model), ...(request.model === 'two.onnx' && { style: [1, 0] }) },
    geometry: request.geometry,
    options: { engine: 'auto', precision: 'f32', workers: 1, openvino: request.openvino },
    firstFrames: () => {
      decoded += 1;
      return Promise.resolve([photographFrame(request.geometry)]);
    },
  });
  const [kept = ''] = pool.description.split(' ', 1);
  await pool.close();
  return [...started.mock.calls.map(([{ engine }]) => String(engine)), kept];
}

describe('the engine that was chosen', () => {
  it('is opened alone the next time, without a look at frames', async () => {
    const [first, second, kept] = await enginesOf();
    expect([first, second, decoded]).toEqual(['onnxruntime', 'openvino', 1]);
    expect(await enginesOf()).toEqual([kept, kept]);
    expect(decoded).toBe(0);
  });

  it('is chosen anew for another size, another model and another OpenVINO', async () => {
    await enginesOf();
    const other = join(root, 'other');
    await symlink(openvino, other);
    for (const change of [
      { geometry: { ...geometry, width: 96 } },
      { model: 'two.onnx' },
      { openvino: other },
    ]) {
      expect((await enginesOf(change)).slice(0, -1)).toEqual(['onnxruntime', 'openvino']);
    }
    expect(await enginesOf()).toHaveLength(2);
  });
});
