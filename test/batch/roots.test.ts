import { expect, it } from '@jest/globals';
import { requireRoots } from '../../src/batch/roots.js';

const refused = { code: 'usage', details: { refused: true } };
const roots = ['s3://archives/in', 's3://results'];

it('lets tasks use what lies below a prefix in S3', async () => {
  for (const source of ['s3://archives/in', 's3://archives/in/', 's3://archives/in/2019'])
    await expect(requireRoots({ source, out: 's3://results/x' }, roots)).resolves.toBeUndefined();
});

it.each([
  's3://archives',
  's3://archives/inside',
  's3://archives/in/../out',
  's3://archives/in//x',
  's3://results2',
  's3://',
  's3:///etc',
  'S3://results/x',
  '/results',
  '',
])('refuses %j', async (location) => {
  await expect(requireRoots({ source: location, out: 's3://results' }, roots)).rejects.toMatchObject(refused);
  await expect(requireRoots({ source: 's3://results', out: location }, [...roots, 's3://'])).rejects.toMatchObject(refused); // prettier-ignore
});
