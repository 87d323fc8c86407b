// Packs the package, installs the tarball into an empty folder and does the main job there: what is missing from `files` or
// from `dependencies` shows here and nowhere else. Needs `npm run build`.
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'vidstyle-package-'));
const shell = process.platform === 'win32';

function run(program, args, cwd) {
  return execFileSync(program, args, {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

try {
  const root = join(import.meta.dirname, '..');
  const quiet = ['--loglevel=error', '--no-fund', '--no-audit'];
  const [{ filename, size }] = JSON.parse(
    run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${folder}`],
      root,
    ),
  );
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  run('npm', ['install', '--ignore-scripts', '--omit=dev', ...quiet, join(folder, filename)], folder);

  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const printed = run(join('node_modules', '.bin', 'vidstyle'), ['--version'], folder);
  if (printed !== version) throw new Error(`vidstyle --version printed "${printed}", not ${version}`);
  const names = run(
    process.execPath,
    ['-e', "import('vidstyle').then((api) => console.log(Object.keys(api).join()))"],
    folder,
  );
  if (names === '') throw new Error('the package exports nothing');

  const picture = Uint8Array.from({ length: 64 * 48 * 1.5 }, (_, i) => 64 + (i % 128));
  const frame = [Buffer.from('FRAME\n'), picture];
  const clip = Buffer.concat([Buffer.from('YUV4MPEG2 W64 H48 F25:1 C420jpeg\n'), ...frame, ...frame]);
  writeFileSync(join(folder, 'clip.y4m'), clip);
  const job = ['clip.y4m', 'out.mp4', '--style', 'mosaic', '--verify', '--json'];
  const { frames, verification } = JSON.parse(run(join('node_modules', '.bin', 'vidstyle'), job, folder));
  if (frames !== 2 || verification.length === 0) throw new Error(`${frames} frames were restyled, not 2`);
  console.log(`${filename} (${(size / 1e6).toFixed(1)} MB) installs, runs and restyles.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
