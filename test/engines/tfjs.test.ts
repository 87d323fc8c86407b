import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Engine } from '../../src/engines/engine.js';
import { engine as onnxruntime } from '../../src/engines/onnxruntime.js';
import { pictureLikeness } from '../../src/engines/picture-difference.js';
import { engine } from '../../src/engines/tfjs.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { presetsFolder } from '../../src/paths.js';
import { fixtureModel } from '../fixtures/onnx-models.js';
import { makePhotograph } from '../fixtures/photograph.js';

const geometry: FrameGeometry = { width: 90, height: 61, format: 'rgb8' };

async function draw(which: Engine, preset: string): Promise<Uint8Array> {
  const style = preset === 'fast.onnx' ? { style: [0.5, 0, 0.5, 0, 0, 0, 0, 0, 0] } : {};
  const session = await which.open({ model: join(presetsFolder, preset), geometry, threads: 1, ...style });
  const output = new Uint8Array(frameBytes(session.outputGeometry));
  await session.run(makePhotograph(90, 61), output);
  await session.close();
  return output;
}

describe('the tfjs engine', () => {
  it.each(['fast.onnx', 'upscale-x2.onnx', 'upscale-x3.onnx', 'upscale-x4.onnx'])(
    'draws what ONNX Runtime draws with %s',
    async (preset) => {
      expect(pictureLikeness(await draw(engine, preset), await draw(onnxruntime, preset))).toBeGreaterThan(
        50,
      );
    },
  );

  it('refuses models of other origin and devices that it does not know', async () => {
    await expect(
      engine.open({ model: fixtureModel({}), geometry, hints: { range: '0..1', scale: 1 } }),
    ).rejects.toMatchObject({
      code: 'model',
    });
    const model = join(presetsFolder, 'upscale-x2.onnx');
    await expect(engine.open({ model, geometry, device: 'npu' })).rejects.toThrow(
      'There is no device "npu"; TensorFlow.js knows cpu, cuda.',
    );
  });
});
