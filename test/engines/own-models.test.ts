import { afterEach, describe, expect, it } from '@jest/globals';
import type { EngineSession, SessionOptions } from '../../src/engines/engine.js';
import { engine } from '../../src/engines/onnxruntime.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { difference, noisyFrame } from '../fixtures/pictures.js';
import { ownModel } from '../fixtures/own-model.js';

const geometry: FrameGeometry = { width: 40, height: 32, format: 'rgb8' };
const open: EngineSession[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});

async function openOwn(
  styles: readonly string[],
  options: Partial<SessionOptions> = {},
): Promise<EngineSession> {
  const session = await engine.open({ model: ownModel(styles), geometry, threads: 1, ...options });
  open.push(session);
  return session;
}

async function run(session: EngineSession, input: Uint8Array): Promise<Uint8Array> {
  const output = new Uint8Array(frameBytes(session.outputGeometry));
  await session.run(input, output);
  return output;
}

describe('a network of ours', () => {
  it('gives the same picture at 8 and at 16 bits, up to rounding', async () => {
    const frame = noisyFrame(geometry);
    const deepFrame = new Uint8Array(Uint16Array.from(frame, (sample) => sample * 257).buffer);
    const result = await run(await openOwn([]), frame);
    const deep = await run(await openOwn([], { geometry: { ...geometry, format: 'rgb16' } }), deepFrame);
    const off = new Uint16Array(deep.buffer).map((sample, i) => Math.abs(sample - (result[i] ?? 0) * 257));
    expect(Math.max(...off)).toBeLessThanOrEqual(130);
    expect(new Set(result).size).toBeGreaterThan(20);
  });

  it('takes another style from the next frame on', async () => {
    const frame = noisyFrame(geometry);
    const session = await openOwn(['one', 'two'], { style: [1, 0] });
    const first = await run(session, frame);
    session.setStyle([0, 1]);
    const second = await run(session, frame);
    session.setStyle([1, 0]);
    expect(difference(second, first)).toBeDefined();
    expect(difference(await run(session, frame), first)).toBeUndefined();
    expect(() => session.setStyle([1])).toThrow('The network blends 2 styles, but 1 weights were given.');
  });

  it('must be told how to blend its styles', async () => {
    await expect(openOwn(['one', 'two'])).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes frames below its smallest size', async () => {
    const tiny: FrameGeometry = { width: 3, height: 2, format: 'rgb8' };
    const output = await run(await openOwn([], { geometry: tiny }), noisyFrame(tiny));
    expect(output.length).toBe(18);
    expect(Math.max(...output)).toBeGreaterThan(0);
  });
});
