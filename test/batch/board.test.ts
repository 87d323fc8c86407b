import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { Queue } from 'bullmq';
import type { BoardOptions } from '../../src/batch/board.js';
import { queueName, queuePrefix, redisConnection } from '../../src/batch/redis.js';
import { runCli } from '../cli/run-cli.js';
import { makeArchive } from './archive.js';
import { TestProcesses } from './processes.js';
import { RedisServer } from './redis-server.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});

const processes = new TestProcesses();

afterEach(() => processes.endAll());

afterAll(() => server.stop());

/** A board in a process as Node runs it: Jest cannot load all of the packages below it. */
async function startBoard(options: Partial<BoardOptions> = {}): Promise<{ readonly url: string }> {
  const board = processes.start('board', { redis: server.url, port: 0, ...options });
  return (await board.outcome()) as { readonly url: string };
}

it('shows the queue on this machine, to nobody who comes by another name or from another page', async () => {
  const queue = new Queue(queueName('cpu'), { connection: redisConnection(server.url), prefix: queuePrefix });
  await queue.add('file', {});
  await queue.close();
  const board = await startBoard();
  expect(board.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await (await fetch(board.url)).text()).toContain('<html');
  expect(await (await fetch(`${board.url}api/queues`)).text()).toContain('"waiting":1');
  for (const path of ['', 'api/queues', 'static/favicon.svg']) {
    expect(await statusWith(`${board.url}${path}`, {})).not.toBe(403);
    expect(await statusWith(`${board.url}${path}`, { host: 'evil.example' })).toBe(403);
    expect(await statusWith(`${board.url}${path}`, { origin: 'http://evil.example' })).toBe(403);
  }
});

it('asks for the token where one is set, and takes it from the address, a cookie or a header', async () => {
  const board = await startBoard({ token: 'let-me-in' });
  const at = board.url.replace(/\?.*/, '');
  expect((await fetch(at)).status).toBe(401);
  expect((await fetch(`${at}?token=wrong`)).status).toBe(401);
  const first = await fetch(board.url);
  expect(first.status).toBe(200);
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect((await fetch(`${at}api/queues`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(at, { headers: { authorization: 'Bearer let-me-in' } })).status).toBe(200);
});

it('asks for a token where others can reach it, a long one, and says so when the port is taken', async () => {
  const board = await startBoard({ host: '0.0.0.0' });
  const { port, searchParams } = new URL(board.url);
  expect(searchParams.get('token')).toMatch(/^[0-9a-f]{32}$/);
  expect((await fetch(`http://127.0.0.1:${port}/api/queues`)).status).toBe(401);
  expect(await startBoard({ port: Number(port) })).toMatchObject({ code: 'usage', message: expect.stringContaining('in use') as unknown }); // prettier-ignore
  expect(await startBoard({ host: '0.0.0.0', token: 'short' })).toMatchObject({ code: 'usage' });
});

it('is opened by the command for as long as its batch runs', async () => {
  const { archive, out } = await makeArchive({ 'a.mp4': {} });
  const wish = ['batch', archive, '--out', out, '--style', 'mosaic', '--redis', server.url, '--board', '0'];
  const { stderr, code } = await runCli(wish, /No worker with the device cpu/);
  expect(stderr).toMatch(/^The queue is shown at http:\/\/127\.0\.0\.1:\d+\/$/m);
  expect(stderr).toContain('the workers go on, and the same command looks on again');
  expect(code).toBe(130);
});

function statusWith(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
