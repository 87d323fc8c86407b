import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/paths.js';
import { makeClip } from './fixtures/clips.js';

const folder = mkdtempSync(join(tmpdir(), 'vidstyle-examples-'));

/** Runs an example to its end and returns what it says. */
function run(name: string, ...arguments_: readonly string[]): string {
  const program = join(packageRoot, 'build/examples', `${name}.js`);
  return execFileSync(process.execPath, [program, ...arguments_], { cwd: folder, encoding: 'utf8' });
}

it.each<[string, string[], RegExp]>([
  ['restyle', ['clip.mkv', 'wave'], /clip\.wave\.mkv: 10 frames by .*onnxruntime cpu/],
  ['own-frames', ['wave'], /frame 19: mean [\d.]+\n20 frames, [\d.]+ fps/],
  [
    'blend-over-time',
    ['clip.mkv', 'blend.mkv', 'mosaic', 'wave'],
    /blend\.mkv: 10 frames from mosaic to wave/,
  ],
  ['live-slideshow', ['clip.mkv', 'live.mkv', 'mosaic', 'wave'], /^/],
])('the example %s runs', async (name, arguments_, said) => {
  await makeClip(join(folder, 'clip.mkv'), { sound: ['eng'] });
  expect(run(name, ...arguments_)).toMatch(said);
  const output = arguments_.find((argument) => argument !== 'clip.mkv' && argument.endsWith('.mkv'));
  if (output !== undefined) expect(readdirSync(folder)).toContain(output);
});

it('has every example in this list', () => {
  const names = readdirSync(join(packageRoot, 'examples'));
  expect(names.sort()).toEqual(['blend-over-time.ts', 'live-slideshow.ts', 'own-frames.ts', 'restyle.ts']);
});
