import { describe, expect, it } from '@jest/globals';
import { VidstyleError } from '../../src/errors.js';
import type { SessionOptions } from '../../src/engines/engine.js';
import { openImageSession } from '../../src/engines/image-session.js';
import { backend } from '../../src/engines/onnxruntime.js';
import { elementCount, type TensorBackend } from '../../src/engines/tensor.js';
import { frameBytes, type FrameGeometry } from '../../src/media/frames.js';
import { fixtureModel, type FixtureModel } from '../fixtures/onnx-models.js';
import { difference, noisyFrame } from '../fixtures/pictures.js';

const geometry: FrameGeometry = { width: 300, height: 200, format: 'rgb8' };

/** A machine whose memory holds pictures of so many pixels; more is refused when opening, or only when running. */
function poorBackend(pixels: number, refuses: 'open' | 'run'): TensorBackend & { sizes: string[] } {
  const sizes: string[] = [];
  return {
    sizes,
    async open(request) {
      const shape = request.inputs['x']?.shape ?? [];
      const isTooLarge = elementCount(shape) > pixels * 3;
      const refused = new VidstyleError('memory', 'bad_alloc');
      sizes.push(`${shape[3]}×${shape[2]}`);
      if (isTooLarge && refuses === 'open') throw refused;
      const session = await backend.open(request);
      return isTooLarge
        ? { ...session, run: () => Promise.reject(refused), close: () => session.close() }
        : session;
    },
  };
}

async function runOn(machine: TensorBackend, model: FixtureModel, options: Partial<SessionOptions> = {}) {
  const session = await openImageSession(
    { model: fixtureModel(model), geometry, threads: 1, ...options },
    machine,
  );
  const output = new Uint8Array(frameBytes(session.outputGeometry));
  try {
    await session.run(noisyFrame(geometry), output);
    return { output, notices: session.notices ?? [], description: session.description };
  } finally {
    await session.close();
  }
}

describe('a frame that does not fit into memory', () => {
  it.each(['open', 'run'] as const)(
    'goes through in halved tiles, when memory is refused on %s',
    async (refuses) => {
      const machine = poorBackend(20_000, refuses);
      const whole = await runOn(backend, { effect: 'blur' });
      const { output, notices, description } = await runOn(machine, { effect: 'blur' });
      expect(machine.sizes).toEqual(['64×64', '80×80', '300×200', '152×200', '152×100']);
      expect(difference(output, whole.output)).toBeUndefined();
      expect(description).toMatch(/tiles of 152×100$/);
      expect(notices[0]).toMatch(
        /^Memory does not suffice for 300×200 pixels at once; going on in tiles of 152×200\./,
      );
    },
  );

  it('ends with a clear error when not even small tiles fit', async () => {
    await expect(runOn(poorBackend(64 * 64, 'run'), { effect: 'blur' })).rejects.toMatchObject({
      code: 'memory',
      message: expect.stringMatching(
        /^Memory does not suffice to run the model on \d+×\d+ pixels: bad_alloc$/,
      ),
    });
  });

  it('ends with a clear error when the model’s size is fixed', async () => {
    const options = { hints: { range: '0..1' } } as const;
    await expect(runOn(poorBackend(1000, 'run'), { size: [64, 64] }, options)).rejects.toMatchObject({
      code: 'memory',
    });
  });

  it('lets other errors through', async () => {
    const broken: TensorBackend = {
      open: () => Promise.reject(new VidstyleError('engine', 'no such operator')),
    };
    await expect(runOn(broken, {})).rejects.toThrow('no such operator');
  });
});
