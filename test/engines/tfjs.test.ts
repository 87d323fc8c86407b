import { afterEach, describe, expect, it } from '@jest/globals';
import type { EngineSession, SessionOptions } from '../../src/engines/engine.js';
import { engine as onnxruntime } from '../../src/engines/onnxruntime.js';
import { pictureLikeness } from '../../src/engines/picture-difference.js';
import { samplesOf } from '../../src/engines/pixels.js';
import { engine } from '../../src/engines/tfjs.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { fixtureModel } from '../fixtures/onnx-models.js';
import { photographFrame } from '../fixtures/photograph.js';
import { difference } from '../fixtures/pictures.js';
import { presetSession, shippedPresets } from '../fixtures/presets.js';

const geometry: FrameGeometry = { width: 90, height: 61, format: 'rgb8' };
const open: EngineSession[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

async function openOn(
  which: typeof engine,
  preset: string,
  options: Partial<SessionOptions> = {},
): Promise<EngineSession> {
  const session = await which.open({ ...presetSession(preset), geometry, threads: 1, ...options });
  open.push(session);
  return session;
}

async function draw(session: EngineSession): Promise<Uint8Array> {
  const output = new Uint8Array(frameBytes(session.outputGeometry));
  const { format } = session.outputGeometry;
  await session.run(photographFrame({ ...geometry, format }), output);
  return output;
}

describe('the tfjs engine', () => {
  it.each(shippedPresets.flatMap((preset) => [[preset, 'rgb8'] as const, [preset, 'rgb16'] as const]))(
    'draws what ONNX Runtime draws with %s on frames of %s',
    async (preset, format) => {
      const options = { geometry: { ...geometry, format } };
      const ours = samplesOf(await draw(await openOn(engine, preset, options)), format);
      const reference = samplesOf(await draw(await openOn(onnxruntime, preset, options)), format);
      expect(pictureLikeness(ours, reference)).toBeGreaterThan(50);
    },
  );

  it('takes another blend for the next frame', async () => {
    const { style = [] } = presetSession('fast.onnx');
    const session = await openOn(engine, 'fast.onnx');
    const before = await draw(session);
    const another = style.map((_, i) => (i === 2 ? 1 : 0));
    session.setStyle(another);
    const reference = await draw(await openOn(onnxruntime, 'fast.onnx', { style: another }));
    const after = await draw(session);
    expect(pictureLikeness(after, reference)).toBeGreaterThan(50);
    expect(pictureLikeness(after, before)).toBeLessThan(30);
    session.setStyle(style);
    expect(difference(await draw(session), before)).toBeUndefined();
  });

  it('falls back to the CPU where there is no TensorFlow for GPUs, and says so', async () => {
    const session = await openOn(engine, 'upscale-x2.onnx', { device: 'cuda' });
    expect(session.description).toBe('tfjs cpu');
    expect(session.notices?.join()).toMatch(
      /^The device cuda cannot be used \(TensorFlow for GPUs .+\); trying cpu\.$/,
    );
  });

  it('refuses models of other origin and devices that it does not know', async () => {
    await expect(
      engine.open({ model: fixtureModel({}), geometry, hints: { range: '0..1', scale: 1 } }),
    ).rejects.toMatchObject({
      code: 'model',
    });
    await expect(openOn(engine, 'upscale-x2.onnx', { device: 'npu' })).rejects.toThrow(
      'There is no device "npu"; TensorFlow.js knows cpu, cuda.',
    );
  });
});
