import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import WebSocket from 'ws';
import { openVideo } from '../../src/media/index.js';
import type { LiveSession } from '../../src/live/session.js';
import { LiveHouse, type RunningSession } from './live-house.js';
import { freePort } from './rtmp-server.js';
import { until, type Watcher } from './watcher.js';

let house: LiveHouse;
let session: LiveSession;
let url: string;
let watcher: Watcher;
beforeAll(async () => {
  house = await LiveHouse.open();
  await house.signal('in', { width: 320, height: 180 });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  session = house.session({ console: { port } });
  await house.outputRuns();
  watcher = await house.watch('out');
  await watcher.until(({ pictures }) => pictures.length > 5, 'the output');
});
afterAll(() => house.close());

const patch = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/api/look`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('the console’s HTTP', () => {
  it('tells how the stream is doing, and turns its look', async () => {
    const status = (await (await fetch(`${url}/api/status`)).json()) as { input: string; outputSize: object };
    expect(status).toMatchObject({ input: 'connected', outputSize: { width: 320, height: 180 } });
    const answer = await patch({ style: 'wave:0.5,candy:0.5', strength: 0.5 });
    expect(await answer.json()).toEqual({ style: 'wave:0.5,candy:0.5', strength: 0.5, keepColors: false });
    await patch({ style: 'mosaic', strength: 1 });
  });

  it.each([
    [{ strength: 2 }, 'strength'],
    [{ style: '../../secret.onnx' }, 'pattern'],
    [{ style: 'mosiac' }, 'Did you mean'],
    [{ colour: true }, 'additional'],
  ])('refuses %j', async (body, reason) => {
    const answer = await patch(body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toContain(reason);
  });

  it('describes itself as OpenAPI, and its figures to Prometheus', async () => {
    const description = (await (await fetch(`${url}/api/openapi.json`)).json()) as { paths: object };
    const paths = [
      '/api/status',
      '/api/styles',
      '/api/styles/{name}/thumbnail.jpg',
      '/api/look',
      '/api/recording',
    ];
    expect(Object.keys(description.paths).sort()).toEqual(paths.sort());
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^vidstyle_live_sent_fps [\d.]+$/m);
    expect(metrics).toMatch(/^vidstyle_live_input_connected 1$/m);
  });

  it('refuses pages of other origins and names pointed at this machine, sockets included', async () => {
    expect((await patch({ strength: 0 }, { Origin: 'http://evil.example' })).status).toBe(403);
    const open = (headers: Record<string, string>): Promise<string> =>
      openSocket(`${url.replace('http', 'ws')}/preview/result`, headers);
    expect(await open({ Origin: 'http://evil.example' })).toContain('403');
    expect(await open({ Host: 'evil.example' })).toContain('403');
    expect(await open({ Origin: url })).toBe('open');
    expect(await open({ Origin: url.replace('http:', 'https:') })).toBe('open'); // by a proxy that speaks TLS
    expect(session.status.look.strength).toBe(1);
  });
});

describe('a console that others can reach', () => {
  const token = 'a-long-enough-token';
  const wrong = 'a-wrong-token-all-along';
  let port: number;
  let shared: RunningSession;
  beforeAll(async () => {
    port = await freePort();
    const served = { port, host: '0.0.0.0', token };
    shared = house.start({ input: house.url('in'), output: undefined, console: served });
    await until(() => shared.notices.some((notice) => notice.includes('console')), 'the console');
  });
  afterAll(async () => {
    shared.session.close();
    await shared.done;
  });

  it('is not served without a token', async () => {
    const served = { port: await freePort(), host: '0.0.0.0' };
    const bare = house.start({ input: house.url('in'), output: undefined, console: served });
    await expect(bare.done).rejects.toThrow('give it a token of 16 characters or more');
  });

  it('does not say the token', () => {
    expect(shared.notices.join(' ')).not.toContain(token);
  });

  it('answers whoever gives the token', async () => {
    const ask = async (path: string, headers = {}): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
    expect(await ask('/api/status')).toBe(401);
    expect(await ask('/metrics', { Authorization: `Bearer ${wrong}` })).toBe(401);
    expect(await ask('/metrics', { Authorization: `Bearer ${token}` })).toBe(200);
    expect(await ask(`/?token=${token}`)).toBe(200);
  });

  // By the address of loopback, and as one who comes by an address of the network.
  describe.each(['127.0.0.1', '192.0.2.7'])('at %s', (address) => {
    const open = (path: string, headers: Record<string, string> = {}): Promise<string> =>
      openSocket(`ws://127.0.0.1:${port}${path}`, { Host: `${address}:${port}`, ...headers });

    it.each(['/preview/result', '/preview/original'])('opens %s to whoever gives the token', async (path) => {
      expect(await open(`${path}?token=${token}`)).toBe('open');
      expect(await open(path, { Authorization: `Bearer ${token}` })).toBe('open');
      // As the page does that was opened with the token.
      const page = await fetch(`http://127.0.0.1:${port}/?token=${token}`);
      const [cookie = ''] = (page.headers.get('set-cookie') ?? '').split(';');
      expect(await open(path, { Cookie: cookie, Origin: `http://${address}:${port}` })).toBe('open');
    });

    it.each(['/preview/result', '/preview/original', '/', '/nowhere'])(
      'refuses sockets at %s to others',
      async (path) => {
        expect(await open(path)).toContain('401');
        expect(await open(`${path}?token=${wrong}`)).toContain('401');
        expect(await open(`${path}?token=`)).toContain('401');
        expect(await open(`${path}?token=${token}&token=${token}`)).toContain('401');
        expect(await open(path, { Authorization: `Bearer ${wrong}` })).toContain('401');
        expect(await open(path, { Authorization: `Bearer ${token}x` })).toContain('401');
        expect(await open(path, { Cookie: `vidstyle_console=${wrong}` })).toContain('401');
        // Another page's cookie on the same machine.
        expect(await open(path, { Cookie: `vidstyle_board=${token}` })).toContain('401');
        expect(await open(`${path}?token=${token}`, { Origin: 'http://evil.example' })).toContain('403');
      },
    );
  });
});

/** Opens a preview's WebSocket: `open` when its stream begins, or why not. */
function openSocket(address: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, { headers });
    socket.once('message', (bytes: Buffer) => {
      socket.close();
      resolve(bytes.subarray(0, 3).toString() === 'FLV' ? 'open' : 'no stream');
    });
    socket.once('error', ({ message }) => resolve(message));
  });
}

describe('the console’s page in Chromium', () => {
  let browser: Browser;
  let profile: string;
  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), 'vidstyle-chromium-'));
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', ...quiet];
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args, env: { ...process.env, TMPDIR: profile } });
  });
  afterAll(async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  });

  it.each([
    ['wide', 1280, 800],
    ['phone', 390, 844],
  ])('plays both pictures and turns the output’s style at a click, %s', async (_, width, height) => {
    const page = await browser.newPage({ viewport: { width, height } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(url);
    for (const id of ['result', 'original']) await movesOn(page, id);
    for (const [style, channel] of [
      ['wave', 1],
      ['mosaic', 0],
    ] as const) {
      await page.click(`#styles button[data-style=${style}]`);
      await watcher.until(({ pictures }) => {
        const color = pictures.at(-1)?.color ?? [0, 0, 0];
        return color[channel] === Math.max(...color);
      }, style);
      await page.waitForSelector(`#styles button[data-style=${style}][aria-pressed=true]`);
    }
    await page.check('#blend');
    await page.click('#styles button[data-style=candy]');
    await page.waitForSelector('#styles button[data-style=mosaic][aria-pressed=true]');
    await page.waitForSelector('#styles button[data-style=candy][aria-pressed=true]');
    expect(session.status.look.style).toBe('mosaic,candy');
    await page.uncheck('#blend');
    await page.click('#styles button[data-style=mosaic]');
    await isControlled(page);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await comesTrue(page, '[...document.images].every((image) => image.naturalWidth > 0)');
    if (process.env['SCREENSHOTS'])
      await page.screenshot({ path: `${process.env['SCREENSHOTS']}/${width}.png` });
    expect(problems).toEqual([]);
    await page.close();
  });
});

/** Strength, colours, the slider between the pictures, plots, a recording. */
async function isControlled(page: Page): Promise<void> {
  await page.fill('#strength', '0.5');
  await page.check('#keep-colors');
  await until(
    () => session.status.look.keepColors === true && session.status.look.strength === 0.5,
    'the look',
  );
  await page.fill('#strength', '1');
  await page.uncheck('#keep-colors');
  await page.fill('#split', '25');
  await comesTrue(page, `document.getElementById('original').style.clipPath.includes('75%')`);
  await page.fill('#split', '50');
  for (const [name, unit] of [
    ['fps', 'pictures a second'],
    ['delay', 'ms delay'],
    ['drops', 'dropped'],
  ])
    await comesTrue(
      page,
      `document.getElementById('plot-${name}').parentElement.textContent.includes('${unit}') &&
       document.getElementById('plot-${name}').getContext('2d').getImageData(0, 0, 999, 60).data.some(Boolean)`,
    );
  const started = page.waitForResponse((response) => response.url().endsWith('/api/recording'));
  await page.click('#record');
  const { file } = (await (await started).json()) as { file: string };
  await page.waitForSelector('#record[aria-pressed=true]');
  await page.waitForTimeout(500);
  await page.click('#record');
  await page.waitForSelector('#record[aria-pressed=false]');
  await using video = await openVideo(file);
  expect(video.geometry).toMatchObject({ width: 320, height: 180 });
  await rm(file);
}

/** Waits until a player's clock moves. */
async function movesOn(page: Page, id: string): Promise<void> {
  await comesTrue(page, `document.getElementById('${id}').currentTime > 0`);
  const before = Number(await page.evaluate(`document.getElementById('${id}').currentTime`));
  await comesTrue(page, `document.getElementById('${id}').currentTime > ${before} + 0.5`);
}

/** The page's own policy forbids playwright's waiting in the page. */
async function comesTrue(page: Page, expression: string): Promise<void> {
  const giveUpMs = performance.now() + 30_000;
  while (!(await page.evaluate(expression))) {
    if (performance.now() > giveUpMs) throw new Error(`waited in vain: ${expression}`);
    await page.waitForTimeout(50);
  }
}
