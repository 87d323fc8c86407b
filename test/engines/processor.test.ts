import { expect, it } from '@jest/globals';
import { describeProcessor, instructionsIn } from '../../src/engines/processor.js';

it('the processor’s instruction sets are read from what Linux says of it', async () => {
  expect(instructionsIn('model name\t: X\nflags\t\t: fpu avx2 avx512f avx512_bf16\n')).toEqual([
    'AVX2',
    'AVX-512',
    'AVX-512 bfloat16',
  ]);
  expect(instructionsIn('Features\t: fp asimd bf16\n')).toEqual(['NEON', 'NEON bfloat16']);
  expect(instructionsIn('')).toEqual([]);
  expect((await describeProcessor()).cores).toBeGreaterThan(0);
});
