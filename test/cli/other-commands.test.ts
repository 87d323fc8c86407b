import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../../src/paths.js';
import { makeClip } from '../fixtures/clips.js';
import { makePhotograph } from '../fixtures/photograph.js';
import { runCli } from './run-cli.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vidstyle-commands-'));
});

describe('vidstyle styles', () => {
  it('lists every style and the network it is of', async () => {
    const { code, stdout } = await runCli(['styles', '--json']);
    expect(code).toBe(0);
    const styles = JSON.parse(stdout) as { name: string; network: string; path: string }[];
    expect(styles.map(({ name }) => name)).toEqual(expect.arrayContaining(['mosaic', 'wave', 'candy']));
    expect(styles.every(({ path }) => path.endsWith('.onnx'))).toBe(true);
    const { stdout: text } = await runCli(['styles']);
    expect(text.trim().split('\n')).toHaveLength(styles.length);
  });

  it('draws every style on a picture', async () => {
    const photo = join(root, 'sheet-photo.png');
    await sharp(makePhotograph(60, 40), { raw: { width: 60, height: 40, channels: 3 } }).toFile(photo);
    const sheet = join(root, 'all.png');
    expect((await runCli(['styles', '--sheet', sheet, '--on', photo])).code).toBe(0);
    const { stdout } = await runCli(['styles', '--json']);
    const rows = Math.ceil(((JSON.parse(stdout) as unknown[]).length + 1) / 3);
    expect(await sharp(sheet).metadata()).toMatchObject({ width: 3 * 480, height: rows * 320 });
    expect((await runCli(['styles', '--sheet', sheet, '--on', photo])).code).toBe(2);
  });

  it('needs a picture to draw a sheet on', async () => {
    const { code, stderr } = await runCli(['styles', '--sheet', join(root, 'sheet.png')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'vidstyle: --sheet needs a picture: add --on photo.jpg.\n',
    });
  });
});

it('vidstyle doctor names engines, devices, codecs, styles, and how to get what is missing', async () => {
  const { code, stdout } = await runCli(['doctor', '--json']);
  expect(code).toBe(0);
  const findings = JSON.parse(stdout) as { subject: string; state: string; ok: boolean; remedy?: string }[];
  const found = new Map(findings.map((finding) => [finding.subject, finding]));
  expect(found.get('ONNX Runtime')?.state).toMatch(/^\d+\.\d+\.\d+, devices: cpu/);
  expect(found.get('OpenVINO')?.state).toMatch(/^20\d\d\.\d+.*, devices: cpu/);
  expect(found.get('decoding devices')?.state).toMatch(/^cpu/);
  expect(found.get('encoders')?.state).toContain('libx264');
  expect(found.get('styles')?.state).toContain('mosaic');
  for (const { ok, remedy } of findings) expect(ok || remedy?.startsWith('vidstyle setup')).toBe(true);
  const bare = await runCli(['doctor'], undefined, { env: { VIDSTYLE_CACHE: join(root, 'bare') } });
  expect(bare.code).toBe(0);
  expect(bare.stdout).toMatch(/^– any-picture styles +not set up \(vidstyle setup arbitrary\)$/m);
});

describe('every command', () => {
  it('reports an error as JSON too with --json', async () => {
    const { code, stdout, stderr } = await runCli(['missing.mp4', '--style', 'mosaic', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'input', message: '"missing.mp4" does not exist.', details: {} },
    });
    expect(stderr).toBe('vidstyle: "missing.mp4" does not exist.\n');
    const wrong = await runCli(['missing.mp4', '--strength', 'much', '--json']);
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'usage' } });
  });

  it('takes --debug at any place', async () => {
    const { stderr } = await runCli(['missing.mp4', '--style', 'mosaic', '--debug']);
    expect(stderr).toMatch(/\n\s+at /);
  });

  it('is silent with --quiet', async () => {
    const photo = join(root, 'photo.jpg');
    await sharp(makePhotograph(48, 32), { raw: { width: 48, height: 32, channels: 3 } }).toFile(photo);
    expect(await runCli([photo, '--style', 'wave', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readdir(root)).toContain('photo.wave.jpg');
  });

  it('says its version and helps, with exit code 0', async () => {
    const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await runCli(['restyle', '--help']);
    expect(help.code).toBe(0);
    for (const option of [
      '--style',
      '--strength',
      '--keep-colors',
      '--mask',
      '--verify',
      '--dry-run',
      '--json',
    ]) {
      expect(help.stdout).toContain(option);
    }
  });

  it('is wrong usage without an input', async () => {
    expect(await runCli([])).toMatchObject({ code: 2, stdout: '' });
  });
});

it('ends at the second Ctrl-C at once', async () => {
  const clip = join(root, 'clip.mkv');
  await makeClip(clip, { width: 320, height: 180 });
  const arguments_ = [clip, join(root, 'out.mkv'), '--style', 'mosaic'];
  const child = spawn(process.execPath, [join(packageRoot, 'build/src/cli/main.js'), ...arguments_]);
  child.stderr.once('data', () => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 20);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  // A signal that meets Node while it closes down, its handlers gone, ends it there: a shell reports 130 for both.
  expect(signal ?? code).toBe(signal === null ? 130 : 'SIGINT');
});
