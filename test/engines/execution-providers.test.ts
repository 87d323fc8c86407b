import { expect, it } from '@jest/globals';
import { deviceAttempts } from '../../src/engines/execution-providers.js';

// Run here on no hardware but the CPU: what ONNX Runtime is asked for is what can be tested.
it.each([
  [undefined, [['cpu', ['cpu']]]],
  [
    'cuda',
    [
      ['cuda', [{ name: 'cuda', deviceId: 0 }]],
      ['cpu', ['cpu']],
    ],
  ],
  [
    'cuda:1',
    [
      ['cuda:1', [{ name: 'cuda', deviceId: 1 }]],
      ['cpu', ['cpu']],
    ],
  ],
  [
    'tensorrt:1',
    [
      [
        'tensorrt:1',
        [
          { name: 'tensorrt', deviceId: 1 },
          { name: 'cuda', deviceId: 1 },
        ],
      ],
      ['cuda:1', [{ name: 'cuda', deviceId: 1 }]],
      ['cpu', ['cpu']],
    ],
  ],
  [
    'directml:2',
    [
      ['directml:2', [{ name: 'dml', deviceId: 2 }]],
      ['cpu', ['cpu']],
    ],
  ],
  [
    'coreml',
    [
      ['coreml', ['coreml']],
      ['cpu', ['cpu']],
    ],
  ],
  [
    'webgpu',
    [
      ['webgpu', ['webgpu']],
      ['cpu', ['cpu']],
    ],
  ],
])('ONNX Runtime is asked for %s, then for what replaces it', (device, expected) => {
  expect(deviceAttempts(device).map(({ name, providers }) => [name, providers])).toEqual(expected);
});

it.each(['abacus', 'cuda:first', 'cuda:-1'])('ONNX Runtime is not asked for a device %s', (device) => {
  expect(() => deviceAttempts(device)).toThrow(`There is no device "${device}"`);
});
