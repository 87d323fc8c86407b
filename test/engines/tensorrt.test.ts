import { beforeEach, expect, it, jest } from '@jest/globals';

/** ONNX Runtime on a machine with TensorRT, or with CUDA alone. */
const missing = new Set<string>();
const release = () => Promise.resolve();
const create = (
  _: Uint8Array,
  { executionProviders: [first] }: { executionProviders: [{ name: string }] },
) => (missing.has(first.name) ? Promise.reject(new Error('no library')) : Promise.resolve({ release }));
jest.unstable_mockModule('onnxruntime-node', () => ({ env: {}, InferenceSession: { create } }));
const { backend } = await import('../../src/engines/onnxruntime.js');

beforeEach(() => {
  missing.clear();
});

async function openTensorRt() {
  const request = { model: new Uint8Array(), freeDimensions: {}, inputs: {}, image: 'x', output: 'y' };
  const session = await backend.open({
    ...{ ...request, outputType: 'uint8', device: 'tensorrt', threads: undefined },
  });
  await session.close();
  return session;
}

it('TensorRT is announced with what to know about it', async () => {
  const { description, notices } = await openTensorRt();
  expect(description).toBe('onnxruntime tensorrt');
  expect(notices).toEqual(['TensorRT compiles the network anew at every start, which can take minutes.']);
});

it('nothing is said of TensorRT’s ways where CUDA takes over', async () => {
  missing.add('tensorrt');
  const { description, notices } = await openTensorRt();
  expect(description).toBe('onnxruntime cuda');
  expect(notices).toEqual(['The device tensorrt cannot be used (no library); trying cuda.']);
});
