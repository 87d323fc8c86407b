import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { engineCandidates } from '../../src/engines/candidates.js';

it.each([
  [undefined, ['onnxruntime', 'openvino', 'tfjs']],
  ['cpu', ['onnxruntime', 'openvino', 'tfjs']],
  // The tests' machine has TensorFlow for CPUs.
  ['cuda', ['onnxruntime']],
  ['cuda:0,cuda:1', ['onnxruntime']],
  ['npu', ['openvino']],
  ['gpu:1, gpu:0', ['openvino']],
  ['abacus', ['onnxruntime']],
])(
  'the engines to be tried for the device %s are those that are there and know it',
  async (device, names) => {
    expect(await engineCandidates(device)).toEqual(names);
  },
);

it('OpenVINO is not tried where it is not in the place that the user names', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'vidstyle-candidates-'));
  expect(await engineCandidates('cpu', empty)).toEqual(['onnxruntime', 'tfjs']);
});
